-- The log becomes one table. Requests that are not in it yet wait in a file beside the database, whose commits are cheaper
-- than the engine's; see the module store::journal.

INSERT INTO request_archive
SELECT id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
FROM journalled_request
ORDER BY id;

DROP VIEW request;
DROP VIEW journalled_request;
DROP TABLE request_journal;
ALTER TABLE request_archive RENAME TO request;
COMMENT ON TABLE request IS 'The log: every request to the API and every price asked for on a page, with what was answered.';

INSERT INTO setting (name, value) VALUES
    ('file_id', CAST(uuid() AS VARCHAR)),
    ('journal_number', '0');
COMMENT ON COLUMN setting.name IS 'application; holdout_salt: the salt of the hash that decides which sales judge models; file_id: what journals of this file bear; journal_number: the last journal whose requests are in the table request.';
