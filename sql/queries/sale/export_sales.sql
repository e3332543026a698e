-- Writes every sale into a Parquet file, in the order of ingestion, which is the order of the table. {stone_codes} are the columns
-- of the field list with grades as numbers; {path} is the file.
COPY (
    SELECT batch_id, line_number, {stone_codes}, price_usd, CAST(NULL AS DATE) AS sold_on
    FROM sale
) TO '{path}' (FORMAT parquet, COMPRESSION zstd);
