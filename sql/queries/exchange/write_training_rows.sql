-- Writes the rows of a bucket into a file. {path} is the file, {bucket} its number.
COPY (
    SELECT * EXCLUDE (bucket) REPLACE (CAST(copy AS UTINYINT) AS copy, CAST(fold AS UTINYINT) AS fold)
    FROM training_row
    WHERE bucket = {bucket}
) TO '{path}' (FORMAT parquet, COMPRESSION zstd);
