-- Numbers of requests and their latencies, added up by minute and, later, by hour: charts of millions of requests read these.
CREATE TABLE request_rollup (
    begins_at     TIMESTAMP NOT NULL,
    seconds       INTEGER NOT NULL CHECK (seconds IN (60, 3600)),
    route         VARCHAR NOT NULL,
    status        USMALLINT NOT NULL,
    model_id      BIGINT,
    latency_class SMALLINT NOT NULL,
    request_count BIGINT NOT NULL CHECK (request_count > 0)
);
COMMENT ON TABLE request_rollup IS 'Numbers of requests by time, route, status, model and latency. It is computed from the table request, and stays when requests are pruned.';
COMMENT ON COLUMN request_rollup.begins_at IS 'When the minute or hour begins, UTC.';
COMMENT ON COLUMN request_rollup.seconds IS 'Its length: 60 or 3600.';
COMMENT ON COLUMN request_rollup.route IS 'The path, with {id} for ids and numbers; (none) for paths that do not exist.';
COMMENT ON COLUMN request_rollup.status IS 'Status of the response.';
COMMENT ON COLUMN request_rollup.model_id IS 'The model that answered, if one did.';
COMMENT ON COLUMN request_rollup.latency_class IS 'Class of latency: c is from 2^(c / 8) to 2^((c + 1) / 8) microseconds.';
COMMENT ON COLUMN request_rollup.request_count IS 'How many requests.';

INSERT INTO setting (name, value) VALUES
    ('rolled_up_to', '0'),
    ('rolled_up_by_hour_to', '0'),
    ('requests_pruned_to', '0');
COMMENT ON COLUMN setting.name IS 'application; holdout_salt: the salt of the hash that decides which sales judge models; holdout_hash: the version of that hash, which names the fields that it covers; file_id: what journals of this file bear; journal_number: the last journal whose requests are all in the table request; journal_piece: a journal of which only a part is, and where that ends; rolled_up_to, rolled_up_by_hour_to: the times up to which requests are in request_rollup, and there by hour; requests_pruned_to: the time before which requests were pruned; times in microseconds since 1970 UTC.';
