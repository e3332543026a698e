-- One request of the log with its bodies.
--
-- $1 id
SELECT
    CAST(id AS VARCHAR),
    epoch_us(received_at),
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
WHERE id = CAST($1 AS UUID);
