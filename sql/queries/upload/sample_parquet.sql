-- Every column of the first rows of a Parquet file as text.
--
-- $1 path of the file, $2 the number of rows
SELECT CAST(COLUMNS(*) AS VARCHAR)
FROM read_parquet($1)
LIMIT $2;
