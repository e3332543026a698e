-- A replica takes the tables of a copy in the place of its own, in one transaction. DuckDB looks at references between tables before a
-- transaction has ended, so that rows that others refer to could not be replaced: which models, batches and promotions there are is
-- kept by the program, as for all other tables.

CREATE TEMPORARY TABLE kept_model_batch AS SELECT * FROM model_batch;
CREATE TEMPORARY TABLE kept_trial AS SELECT * FROM trial;
CREATE TEMPORARY TABLE kept_promotion AS SELECT * FROM promotion;
CREATE TEMPORARY TABLE kept_rollback AS SELECT * FROM rollback;
DROP VIEW champion;
DROP TABLE rollback;
DROP TABLE promotion;
DROP TABLE trial;
DROP TABLE model_batch;

CREATE TABLE model_batch (
    model_id  BIGINT NOT NULL,
    batch_id  BIGINT NOT NULL,
    row_count BIGINT NOT NULL CHECK (row_count > 0),
    PRIMARY KEY (model_id, batch_id)
);
COMMENT ON TABLE model_batch IS 'Lineage: how many sales of which batch were in a model''s dataset.';
COMMENT ON COLUMN model_batch.model_id IS 'The model.';
COMMENT ON COLUMN model_batch.batch_id IS 'The batch.';
COMMENT ON COLUMN model_batch.row_count IS 'How many of its sales were in the dataset.';
INSERT INTO model_batch SELECT * FROM kept_model_batch;

CREATE TABLE trial (
    model_id        BIGINT NOT NULL,
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
INSERT INTO trial SELECT * FROM kept_trial;

CREATE TABLE promotion (
    id          BIGINT PRIMARY KEY,
    model_id    BIGINT NOT NULL,
    promoted_at TIMESTAMP NOT NULL,
    reason      VARCHAR NOT NULL
);
COMMENT ON TABLE promotion IS 'History of the champion, the model that answers unless another is asked for: the last promotion names it.';
COMMENT ON COLUMN promotion.id IS 'Number of the promotion, from 1, in order.';
COMMENT ON COLUMN promotion.model_id IS 'Who became the champion.';
COMMENT ON COLUMN promotion.promoted_at IS 'When, UTC.';
COMMENT ON COLUMN promotion.reason IS 'Why.';
INSERT INTO promotion SELECT * FROM kept_promotion;

CREATE VIEW champion AS
SELECT model_id, promoted_at, reason
FROM promotion
ORDER BY id DESC
LIMIT 1;
COMMENT ON VIEW champion IS 'The model that answers now.';

CREATE TABLE rollback (
    promotion_id BIGINT PRIMARY KEY,
    restores     BIGINT NOT NULL
);
COMMENT ON TABLE rollback IS 'Promotions that bring an earlier champion back.';
COMMENT ON COLUMN rollback.promotion_id IS 'The promotion that does so.';
COMMENT ON COLUMN rollback.restores IS 'The promotion after which things are again as they were.';
INSERT INTO rollback SELECT * FROM kept_rollback;

DROP TABLE kept_model_batch;
DROP TABLE kept_trial;
DROP TABLE kept_promotion;
DROP TABLE kept_rollback;

INSERT INTO setting (name, value) VALUES
    ('replica', ''),
    ('node', '');
COMMENT ON COLUMN setting.name IS 'application; holdout_salt: the salt of the hash that decides which sales judge models; holdout_hash: the version of that hash, which names the fields that it covers; file_id: what journals of this file bear; journal_number: the last journal whose requests are all in the table request; journal_piece: a journal of which only a part is, and where that ends; rolled_up_to, rolled_up_by_hour_to: the times up to which requests are in request_rollup, and there by hour; requests_pruned_to: the time before which requests were pruned; times in microseconds since 1970 UTC; replica: of what the file is a replica and which copy of that it has, as JSON, or nothing if it is none; node: the name of this machine in the log, or nothing if none was told.';

CREATE VIEW logged_prediction AS
SELECT *
FROM prediction
WHERE (SELECT value FROM setting WHERE name = 'replica') = ''
    OR id NOT IN (
        SELECT prediction_id FROM quote
        UNION ALL
        SELECT prediction_id FROM parcel_row WHERE prediction_id IS NOT NULL
    );
COMMENT ON VIEW logged_prediction IS 'Predictions that were made with this file: a replica also has those that came with the quotes and parcels of its copy.';
