-- Writes a CSV file as Parquet. {from} is the CSV file, {to} the new one.
COPY (SELECT * FROM read_csv('{from}', header = true, sample_size = -1))
TO '{to}' (FORMAT parquet, COMPRESSION zstd);
