-- One request of the log with its bodies.
--
-- $1 id of the request
-- $2 earliest arrival, $3 end of arrivals, excluded, UTC; NULL for any
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
    key_name,
    request_body,
    response_body
FROM request
WHERE request.id = CAST($1 AS UUID)
    AND received_at >= coalesce(CAST($2 AS TIMESTAMP), '-infinity')
    AND received_at < coalesce(CAST($3 AS TIMESTAMP), 'infinity');
