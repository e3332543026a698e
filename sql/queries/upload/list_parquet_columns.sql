-- The names of the columns of a Parquet file.
--
-- $1 path of the file
SELECT column_name
FROM (DESCRIBE SELECT * FROM read_parquet($1));
