-- Every column of a Parquet file as text.
--
-- $1 path of the file
SELECT CAST(COLUMNS(*) AS VARCHAR)
FROM read_parquet($1);
