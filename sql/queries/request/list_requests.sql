-- Requests of the log without their bodies, newest first.
--
-- $1 limit; the others NULL for any: $2 status, $3 path, $4 earliest arrival, UTC,
-- $5 id that comes after them, $6 id of the model, $7 end of arrivals, UTC, excluded
-- $8 a path that is listed only where it is asked for
SELECT
    CAST(id AS VARCHAR) AS id,
    received_at,
    method,
    path,
    query,
    status,
    latency_us,
    model_id,
    client,
    key_name
FROM request
WHERE (CAST($2 AS USMALLINT) IS NULL OR status = CAST($2 AS USMALLINT))
    AND (CAST($3 AS VARCHAR) IS NULL AND path <> $8 OR path = CAST($3 AS VARCHAR))
    AND received_at >= coalesce(CAST($4 AS TIMESTAMP), '-infinity')
    AND (CAST($5 AS UUID) IS NULL OR request.id < CAST($5 AS UUID))
    AND (CAST($6 AS BIGINT) IS NULL OR model_id = CAST($6 AS BIGINT))
    AND received_at < coalesce(CAST($7 AS TIMESTAMP), 'infinity')
ORDER BY request.id DESC
LIMIT $1;
