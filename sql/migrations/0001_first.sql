-- The first layout of the file: sales, models, and every request.
-- Times are UTC. Prices are US dollars. Tables are never changed in place: a later migration adds to them.

CREATE TABLE setting (
    name  VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL
);
COMMENT ON TABLE setting IS 'What belongs to the file as a whole. application says that diamonds made the file.';
COMMENT ON COLUMN setting.value IS 'Its value.';
COMMENT ON COLUMN setting.name IS 'application, or holdout_salt: the salt of the hash that decides which sales judge models.';

INSERT INTO setting (name, value) VALUES
    ('application', 'diamonds'),
    ('holdout_salt', CAST(uuid() AS VARCHAR));

-- Grades in the trade's order, worst first, so that ORDER BY and < mean what they say.
CREATE TYPE cut_grade AS ENUM ('Fair', 'Good', 'Very Good', 'Premium', 'Ideal');
CREATE TYPE color_grade AS ENUM ('J', 'I', 'H', 'G', 'F', 'E', 'D');
CREATE TYPE clarity_grade AS ENUM ('I1', 'SI2', 'SI1', 'VS2', 'VS1', 'VVS2', 'VVS1', 'IF');

CREATE TABLE batch (
    id             BIGINT PRIMARY KEY,
    file_name      VARCHAR NOT NULL,
    content_sha256 VARCHAR NOT NULL CHECK (length(content_sha256) = 64),
    ingested_at    TIMESTAMP NOT NULL,
    row_count      BIGINT NOT NULL CHECK (row_count >= 0),
    accepted_count BIGINT NOT NULL CHECK (accepted_count >= 0),
    known_count    BIGINT NOT NULL CHECK (known_count >= 0),
    rejected_count BIGINT NOT NULL CHECK (rejected_count >= 0),
    CHECK (row_count = accepted_count + known_count + rejected_count)
);
COMMENT ON TABLE batch IS 'One ingested file: every row of it was accepted, known already, or rejected.';
COMMENT ON COLUMN batch.id IS 'Number of the batch, from 1, in the order of ingestion.';
COMMENT ON COLUMN batch.file_name IS 'Name of the file as given; - is standard input.';
COMMENT ON COLUMN batch.content_sha256 IS 'SHA-256 of the file''s bytes, in hexadecimal.';
COMMENT ON COLUMN batch.ingested_at IS 'When, UTC.';
COMMENT ON COLUMN batch.row_count IS 'Rows of the file, without header and blank lines.';
COMMENT ON COLUMN batch.accepted_count IS 'Rows that became sales.';
COMMENT ON COLUMN batch.known_count IS 'Rows equal to sales that were stored already: they changed nothing.';
COMMENT ON COLUMN batch.rejected_count IS 'Rows that are in rejected_row.';

-- No foreign keys on the large tables: each would keep an index of its own over every row.
CREATE TABLE sale (
    batch_id      BIGINT NOT NULL,
    line_number   BIGINT NOT NULL CHECK (line_number > 0),
    carat         DOUBLE NOT NULL CHECK (carat > 0 AND isfinite(carat)),
    cut           cut_grade NOT NULL,
    color         color_grade NOT NULL,
    clarity       clarity_grade NOT NULL,
    depth_percent DOUBLE NOT NULL CHECK (isfinite(depth_percent)),
    table_percent DOUBLE NOT NULL CHECK (isfinite(table_percent)),
    price_usd     DOUBLE NOT NULL CHECK (price_usd > 0 AND isfinite(price_usd)),
    x_mm          DOUBLE NOT NULL CHECK (x_mm > 0 AND isfinite(x_mm)),
    y_mm          DOUBLE NOT NULL CHECK (y_mm > 0 AND isfinite(y_mm)),
    z_mm          DOUBLE NOT NULL CHECK (z_mm > 0 AND isfinite(z_mm))
);
COMMENT ON TABLE sale IS 'Diamonds sold: what they were and what they fetched. A batch and a line number name one sale.';
COMMENT ON COLUMN sale.batch_id IS 'The batch that brought it.';
COMMENT ON COLUMN sale.line_number IS 'Its line in the batch''s file, from 1; in a Parquet file its row.';
COMMENT ON COLUMN sale.carat IS 'Weight; 1 carat is 200 mg.';
COMMENT ON COLUMN sale.cut IS 'Quality of the cut.';
COMMENT ON COLUMN sale.color IS 'Grade of colour: D is colourless.';
COMMENT ON COLUMN sale.clarity IS 'Grade of clarity: IF is flawless inside.';
COMMENT ON COLUMN sale.depth_percent IS 'Total depth: 200 z / (x + y).';
COMMENT ON COLUMN sale.table_percent IS 'Width of the table facet against the widest point.';
COMMENT ON COLUMN sale.price_usd IS 'What it fetched, in US dollars.';
COMMENT ON COLUMN sale.x_mm IS 'Length.';
COMMENT ON COLUMN sale.y_mm IS 'Width.';
COMMENT ON COLUMN sale.z_mm IS 'Height.';

CREATE TABLE rejected_row (
    batch_id    BIGINT NOT NULL,
    line_number BIGINT NOT NULL CHECK (line_number > 0),
    column_name VARCHAR,
    reason      VARCHAR NOT NULL,
    raw_text    VARCHAR NOT NULL
);
COMMENT ON TABLE rejected_row IS 'Rows of ingested files that could not become sales.';
COMMENT ON COLUMN rejected_row.batch_id IS 'The batch whose file it was in.';
COMMENT ON COLUMN rejected_row.line_number IS 'Its line in the file, from 1; in a Parquet file its row.';
COMMENT ON COLUMN rejected_row.column_name IS 'The first column that is wrong; NULL if the whole row is.';
COMMENT ON COLUMN rejected_row.reason IS 'What is wrong with it.';
COMMENT ON COLUMN rejected_row.raw_text IS 'The row as it stood in the file.';

CREATE TABLE batch_warning (
    batch_id BIGINT NOT NULL,
    warning  VARCHAR NOT NULL,
    count    BIGINT NOT NULL CHECK (count > 0)
);
COMMENT ON TABLE batch_warning IS 'What looks odd about rows that were accepted all the same.';
COMMENT ON COLUMN batch_warning.batch_id IS 'The batch that brought them.';
COMMENT ON COLUMN batch_warning.warning IS 'What looks odd.';
COMMENT ON COLUMN batch_warning.count IS 'In how many rows.';

CREATE TABLE model (
    id               BIGINT PRIMARY KEY,
    family           VARCHAR NOT NULL,
    trained_at       TIMESTAMP NOT NULL,
    artifact         BLOB NOT NULL,
    features         VARCHAR[] NOT NULL,
    target           VARCHAR NOT NULL,
    hyperparameters  JSON NOT NULL,
    seed             UBIGINT NOT NULL,
    dataset_rows     BIGINT NOT NULL CHECK (dataset_rows = train_rows + holdout_rows),
    train_rows       BIGINT NOT NULL,
    holdout_rows     BIGINT NOT NULL,
    r2               DOUBLE NOT NULL,
    mae_usd          DOUBLE NOT NULL,
    rmse_usd         DOUBLE NOT NULL,
    mape             DOUBLE NOT NULL,
    fit_seconds      DOUBLE NOT NULL,
    evaluate_seconds DOUBLE NOT NULL,
    program_version  VARCHAR NOT NULL
);
COMMENT ON TABLE model IS 'Every model ever trained.';
COMMENT ON COLUMN model.id IS 'Number of the model, from 1, in the order of training.';
COMMENT ON COLUMN model.family IS 'Name of its family, such as linear or xgboost.';
COMMENT ON COLUMN model.trained_at IS 'When, UTC.';
COMMENT ON COLUMN model.artifact IS 'The model itself, in the format of its family.';
COMMENT ON COLUMN model.features IS 'Names of the columns that the model sees, in order.';
COMMENT ON COLUMN model.target IS 'What it learnt: price or log_price.';
COMMENT ON COLUMN model.hyperparameters IS 'Its settings.';
COMMENT ON COLUMN model.seed IS 'What decided every random choice.';
COMMENT ON COLUMN model.dataset_rows IS 'Sales in the file when it was trained.';
COMMENT ON COLUMN model.train_rows IS 'Sales that it was fitted to.';
COMMENT ON COLUMN model.holdout_rows IS 'Sales that judged it, which it never saw.';
COMMENT ON COLUMN model.r2 IS 'Share of the holdout''s variance of prices that it explains.';
COMMENT ON COLUMN model.mae_usd IS 'Mean absolute error on the holdout.';
COMMENT ON COLUMN model.rmse_usd IS 'Root of the mean squared error on the holdout.';
COMMENT ON COLUMN model.mape IS 'Mean absolute error as a share of the price, on the holdout.';
COMMENT ON COLUMN model.fit_seconds IS 'Tuning and fitting together.';
COMMENT ON COLUMN model.evaluate_seconds IS 'Pricing the holdout.';
COMMENT ON COLUMN model.program_version IS 'Version of diamonds that trained it.';

CREATE TABLE model_batch (
    model_id  BIGINT NOT NULL REFERENCES model (id),
    batch_id  BIGINT NOT NULL REFERENCES batch (id),
    row_count BIGINT NOT NULL CHECK (row_count > 0),
    PRIMARY KEY (model_id, batch_id)
);
COMMENT ON TABLE model_batch IS 'Lineage: how many sales of which batch were in a model''s dataset.';
COMMENT ON COLUMN model_batch.model_id IS 'The model.';
COMMENT ON COLUMN model_batch.batch_id IS 'The batch.';
COMMENT ON COLUMN model_batch.row_count IS 'How many of its sales were in the dataset.';

CREATE TABLE trial (
    model_id        BIGINT NOT NULL REFERENCES model (id),
    number          BIGINT NOT NULL CHECK (number > 0),
    hyperparameters JSON NOT NULL,
    mae_usd         DOUBLE NOT NULL,
    pruned          BOOLEAN NOT NULL,
    elapsed_ms      DOUBLE NOT NULL,
    PRIMARY KEY (model_id, number)
);
COMMENT ON TABLE trial IS 'Every setting that was tried when a model was tuned.';
COMMENT ON COLUMN trial.model_id IS 'The model that was tuned.';
COMMENT ON COLUMN trial.number IS 'Place in the search, from 1.';
COMMENT ON COLUMN trial.hyperparameters IS 'What was tried.';
COMMENT ON COLUMN trial.mae_usd IS 'Mean absolute error on the tuning split, which is part of the training rows.';
COMMENT ON COLUMN trial.pruned IS 'Whether it was given up early because it fell behind.';
COMMENT ON COLUMN trial.elapsed_ms IS 'How long it took.';

CREATE TABLE promotion (
    id          BIGINT PRIMARY KEY,
    model_id    BIGINT NOT NULL REFERENCES model (id),
    promoted_at TIMESTAMP NOT NULL,
    reason      VARCHAR NOT NULL
);
COMMENT ON TABLE promotion IS 'History of the champion, the model that answers unless another is asked for: the last promotion names it.';
COMMENT ON COLUMN promotion.id IS 'Number of the promotion, from 1, in order.';
COMMENT ON COLUMN promotion.model_id IS 'Who became the champion.';
COMMENT ON COLUMN promotion.promoted_at IS 'When, UTC.';
COMMENT ON COLUMN promotion.reason IS 'Why.';

CREATE VIEW champion AS
SELECT model_id, promoted_at, reason
FROM promotion
ORDER BY id DESC
LIMIT 1;
COMMENT ON VIEW champion IS 'The model that answers now.';

-- The log is written in groups, each committed before its answers leave. What a commit costs goes by the number of columns,
-- so requests are taken down in one column first, and moved to the archive, where each has its own, in quiet moments.
CREATE TABLE request_journal (
    entry VARCHAR NOT NULL
);
COMMENT ON TABLE request_journal IS 'Requests that are not in the archive yet. Read the view request instead.';
COMMENT ON COLUMN request_journal.entry IS 'One request as a JSON object; the names are those of the archive''s columns.';

CREATE TABLE request_archive (
    id            UUID NOT NULL,
    received_at   TIMESTAMP NOT NULL,
    method        VARCHAR NOT NULL,
    path          VARCHAR NOT NULL,
    query         VARCHAR,
    status        USMALLINT NOT NULL,
    latency_us    BIGINT NOT NULL CHECK (latency_us >= 0),
    model_id      BIGINT,
    client        VARCHAR,
    request_body  VARCHAR,
    response_body VARCHAR
);
COMMENT ON TABLE request_archive IS 'Requests that were moved here from the journal. Read the view request instead.';
COMMENT ON COLUMN request_archive.id IS 'UUID version 7: the order of ids is the order of arrival. Also in the response''s X-Request-Id.';
COMMENT ON COLUMN request_archive.received_at IS 'When, UTC.';
COMMENT ON COLUMN request_archive.method IS 'The method, such as POST.';
COMMENT ON COLUMN request_archive.path IS 'The path, without the query.';
COMMENT ON COLUMN request_archive.query IS 'What followed the ?, if anything did.';
COMMENT ON COLUMN request_archive.status IS 'Status of the response.';
COMMENT ON COLUMN request_archive.latency_us IS 'From arrival to the answer being ready, in microseconds; writing it here comes on top.';
COMMENT ON COLUMN request_archive.model_id IS 'The model that answered, if one did.';
COMMENT ON COLUMN request_archive.client IS 'Address of who asked.';
COMMENT ON COLUMN request_archive.request_body IS 'As received; cut, with a mark, where it is very long.';
COMMENT ON COLUMN request_archive.response_body IS 'As sent; cut, with a mark, where it is very long. For errors of the program: with the cause, which the client was not told.';

CREATE VIEW journalled_request AS
SELECT
    place,
    fields.id,
    make_timestamp(fields.received_at) AS received_at,
    fields.method,
    fields.path,
    fields.query,
    fields.status,
    fields.latency_us,
    fields.model_id,
    fields.client,
    fields.request_body,
    fields.response_body
FROM (
    SELECT
        from_json(
            entry,
            '{"id": "UUID", "received_at": "BIGINT", "method": "VARCHAR", "path": "VARCHAR", "query": "VARCHAR", "status": "USMALLINT", "latency_us": "BIGINT", "model_id": "BIGINT", "client": "VARCHAR", "request_body": "VARCHAR", "response_body": "VARCHAR"}'
        ) AS fields,
        rowid AS place
    FROM request_journal
);
COMMENT ON VIEW journalled_request IS 'The journal with a column for each thing, as the archive has them, and its place in the journal.';

CREATE VIEW request AS
SELECT id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
FROM request_archive
UNION ALL
SELECT id, received_at, method, path, query, status, latency_us, model_id, client, request_body, response_body
FROM journalled_request;
COMMENT ON VIEW request IS 'The log: every request to the API and every price asked for on a page, with what was answered.';
COMMENT ON COLUMN request.id IS 'UUID version 7: the order of ids is the order of arrival. Also in the response''s X-Request-Id.';
COMMENT ON COLUMN request.received_at IS 'When, UTC.';
COMMENT ON COLUMN request.method IS 'The method, such as POST.';
COMMENT ON COLUMN request.path IS 'The path, without the query.';
COMMENT ON COLUMN request.query IS 'What followed the ?, if anything did.';
COMMENT ON COLUMN request.status IS 'Status of the response.';
COMMENT ON COLUMN request.latency_us IS 'From arrival to the answer being ready, in microseconds; writing it here comes on top.';
COMMENT ON COLUMN request.model_id IS 'The model that answered, if one did.';
COMMENT ON COLUMN request.client IS 'Address of who asked.';
COMMENT ON COLUMN request.request_body IS 'As received; cut, with a mark, where it is very long.';
COMMENT ON COLUMN request.response_body IS 'As sent; cut, with a mark, where it is very long. For errors of the program: with the cause, which the client was not told.';
