-- Copies requests of the journal to the archive. To be run in one transaction with their deletion.
--
-- $1 place in the journal up to which
INSERT INTO request_archive (
    id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
)
SELECT id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
FROM journalled_request
WHERE place <= $1
ORDER BY id;
