-- Number and latency of requests by buckets of time; the last row, with NULL as bucket, is for all of them.
--
-- $1 earliest arrival, $2 end of arrivals, excluded, $3 length of a bucket in microseconds; the others NULL for any:
-- $4 status, $5 path, $6 id of the model,
-- $7 path that is left out unless it is asked for
SELECT
    bucket,
    count(*) AS requests,
    count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS refused,
    count(*) FILTER (WHERE status >= 500) AS failed,
    quantile_cont(latency_us, 0.5) AS median_us,
    quantile_cont(latency_us, 0.95) AS p95_us
FROM (
    SELECT epoch_us(received_at) // CAST($3 AS BIGINT) AS bucket, status, latency_us
    FROM request
    WHERE received_at >= CAST($1 AS TIMESTAMP)
        AND received_at < CAST($2 AS TIMESTAMP)
        AND (CAST($4 AS USMALLINT) IS NULL OR status = CAST($4 AS USMALLINT))
        AND CASE WHEN CAST($5 AS VARCHAR) IS NULL THEN path <> $7 ELSE path = CAST($5 AS VARCHAR) END
        AND (CAST($6 AS BIGINT) IS NULL OR model_id = CAST($6 AS BIGINT))
)
GROUP BY GROUPING SETS ((bucket), ())
ORDER BY bucket NULLS LAST;
