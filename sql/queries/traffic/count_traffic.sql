-- Number of requests of a period by bucket of time, kind of status and class of latency.
--
-- $1 earliest arrival, $2 end of arrivals, excluded, $3 length of a bucket in microseconds; the others NULL for any:
-- $4 status, $5 path, $6 id of the model,
-- $7 path that is left out unless it is asked for
SELECT
    epoch_us(received_at) // CAST($3 AS BIGINT) AS bucket,
    status // 100 AS status_hundreds,
    CAST(floor(8 * log2(greatest(latency_us, 1))) AS SMALLINT) AS latency_class,
    count(*) AS request_count
FROM request
WHERE received_at >= CAST($1 AS TIMESTAMP)
    AND received_at < CAST($2 AS TIMESTAMP)
    AND (CAST($4 AS USMALLINT) IS NULL OR status = CAST($4 AS USMALLINT))
    AND CASE WHEN CAST($5 AS VARCHAR) IS NULL THEN path <> $7 ELSE path = CAST($5 AS VARCHAR) END
    AND (CAST($6 AS BIGINT) IS NULL OR model_id = CAST($6 AS BIGINT))
GROUP BY ALL;
