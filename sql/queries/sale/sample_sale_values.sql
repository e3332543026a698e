-- The values of some sales, always the same ones as long as no sale is added or removed. {stone_columns} are the columns of the field
-- list.
SELECT {stone_columns}, price_usd
FROM sale USING SAMPLE reservoir(4096 ROWS) REPEATABLE (1);
