-- Adds minutes up to hours.
--
-- $1 their beginning, $2 their end, excluded, both at the border of an hour
INSERT INTO request_rollup (begins_at, seconds, route, status, model_id, latency_class, request_count)
SELECT
    date_trunc('hour', begins_at) AS begins_at,
    3600 AS seconds,
    route,
    status,
    model_id,
    latency_class,
    CAST(sum(request_count) AS BIGINT) AS request_count
FROM request_rollup
WHERE begins_at >= CAST($1 AS TIMESTAMP) AND begins_at < CAST($2 AS TIMESTAMP) AND seconds = 60
GROUP BY ALL
ORDER BY begins_at;
