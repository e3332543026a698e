-- Moves what is in the journal to the archive, in the order of arrival. To be run in one transaction.
INSERT INTO request_archive (
    id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
)
SELECT id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
FROM journalled_request
ORDER BY id;

DELETE FROM request_journal;
