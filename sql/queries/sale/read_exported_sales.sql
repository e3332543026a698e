-- The sales in a file that export_sales.sql wrote, in its order. {stone_columns} are the columns of the field list.
--
-- $1 path of the file
SELECT batch_id, line_number, {stone_columns}, price_usd, sold_on
FROM read_parquet($1);
