-- One request of the log with its bodies.
--
-- $1 id of the request
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
    request_body,
    response_body
FROM request
WHERE request.id = CAST($1 AS UUID);
