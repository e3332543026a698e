-- The values of the stored sales that are in the temporary table of an upload too, each copy. {stone_columns} are the columns
-- of the field list; {equal_stones} compares these columns of copy and stored; two unknown values are equal.
SELECT {stone_columns}, price_usd
FROM sale AS stored
SEMI JOIN upload_row AS copy ON {equal_stones} AND copy.price_usd = stored.price_usd;
