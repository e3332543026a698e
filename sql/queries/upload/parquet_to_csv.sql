-- Writes a Parquet file as CSV. {from} is the Parquet file, {to} the new one.
COPY (SELECT * FROM read_parquet('{from}'))
TO '{to}' (FORMAT csv, HEADER);
