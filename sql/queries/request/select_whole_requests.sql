-- Requests of the log with their bodies; which, is said by what follows.
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
