-- Adds the requests of a period up.
--
-- $1 its beginning, $2 its end, excluded, both at the border of a minute or hour, $3 length of a rollup in seconds
INSERT INTO request_rollup (begins_at, seconds, route, status, model_id, latency_class, request_count)
SELECT
    make_timestamp(epoch_us(received_at) // ($3 * 1000000) * ($3 * 1000000)) AS begins_at,
    $3 AS seconds,
    CASE
        WHEN status IN (404, 405) THEN '(none)'
        ELSE regexp_replace(path, '/([0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})(/|$)', '/{id}\2')
    END AS route,
    status,
    model_id,
    CAST(floor(8 * log2(greatest(latency_us, 1))) AS SMALLINT) AS latency_class,
    count(*) AS request_count
FROM request
WHERE received_at >= CAST($1 AS TIMESTAMP) AND received_at < CAST($2 AS TIMESTAMP)
GROUP BY ALL
ORDER BY begins_at;
