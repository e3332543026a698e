-- The same as count_traffic.sql, from minutes and hours that are added up already.
--
-- $1 earliest arrival, $2 end of arrivals, excluded, both at the border of a minute or hour,
-- $3 length of a bucket in microseconds; the others NULL for any: $4 status, $5 path, $6 id of the model,
-- $7 path that is left out unless it is asked for
SELECT
    epoch_us(begins_at) // CAST($3 AS BIGINT) AS bucket,
    status // 100 AS status_hundreds,
    latency_class,
    CAST(sum(request_count) AS BIGINT) AS request_count
FROM request_rollup
WHERE begins_at >= CAST($1 AS TIMESTAMP)
    AND begins_at < CAST($2 AS TIMESTAMP)
    AND (CAST($4 AS USMALLINT) IS NULL OR status = CAST($4 AS USMALLINT))
    AND CASE WHEN CAST($5 AS VARCHAR) IS NULL THEN route <> $7 ELSE route = CAST($5 AS VARCHAR) END
    AND (CAST($6 AS BIGINT) IS NULL OR model_id = CAST($6 AS BIGINT))
GROUP BY ALL;
