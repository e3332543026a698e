-- The values of every sale. {stone_columns} are the columns of the field list.
SELECT {stone_columns}, price_usd
FROM sale;
