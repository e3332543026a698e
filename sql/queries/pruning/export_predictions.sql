-- Writes the predictions of a period into a Parquet file, except for those with an outcome. {path} is the file; {from} and {until},
-- excluded, are times in microseconds since 1970 UTC.
COPY (
    SELECT *
    FROM prediction
    WHERE predicted_at >= make_timestamp({from}) AND predicted_at < make_timestamp({until})
        AND id NOT IN (SELECT prediction_id FROM outcome)
    ORDER BY predicted_at, id
) TO '{path}' (FORMAT parquet, COMPRESSION zstd);
