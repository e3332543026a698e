-- Writes the requests of a period into a Parquet file. {path} is the file; {from} and {until}, excluded, are times in microseconds
-- since 1970 UTC.
COPY (
    SELECT *
    FROM request
    WHERE received_at >= make_timestamp({from}) AND received_at < make_timestamp({until})
    ORDER BY received_at, id
) TO '{path}' (FORMAT parquet, COMPRESSION zstd);
