-- The bytes of models move to a table of their own, so that they can go while the history stays; and what a model is like,
-- besides four figures, is kept with it.

CREATE TEMPORARY TABLE kept_model AS SELECT * FROM model;
CREATE TEMPORARY TABLE kept_model_batch AS SELECT * FROM model_batch;
CREATE TEMPORARY TABLE kept_trial AS SELECT * FROM trial;
CREATE TEMPORARY TABLE kept_promotion AS SELECT * FROM promotion;
CREATE TEMPORARY TABLE kept_rollback AS SELECT * FROM rollback;
DROP VIEW champion;
DROP TABLE rollback;
DROP TABLE promotion;
DROP TABLE trial;
DROP TABLE model_batch;
DROP TABLE model;

CREATE TABLE model (
    id               BIGINT PRIMARY KEY,
    family           VARCHAR NOT NULL,
    trained_at       TIMESTAMP NOT NULL,
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

INSERT INTO model
SELECT
    id, family, trained_at, features, target, hyperparameters, seed, dataset_rows, train_rows, holdout_rows, r2, mae_usd,
    rmse_usd, mape, fit_seconds, evaluate_seconds, program_version
FROM kept_model;

CREATE TABLE artifact (
    model_id BIGINT PRIMARY KEY,
    content  BLOB NOT NULL
);
COMMENT ON TABLE artifact IS 'Models themselves. One that is not here was pruned: it answers no more, but its history stays.';
COMMENT ON COLUMN artifact.model_id IS 'The model.';
COMMENT ON COLUMN artifact.content IS 'Its bytes, in the format of its family.';

INSERT INTO artifact
SELECT id, artifact
FROM kept_model;

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
INSERT INTO model_batch SELECT * FROM kept_model_batch;

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
INSERT INTO trial SELECT * FROM kept_trial;

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
INSERT INTO promotion SELECT * FROM kept_promotion;

CREATE VIEW champion AS
SELECT model_id, promoted_at, reason
FROM promotion
ORDER BY id DESC
LIMIT 1;
COMMENT ON VIEW champion IS 'The model that answers now.';

CREATE TABLE rollback (
    promotion_id BIGINT PRIMARY KEY REFERENCES promotion (id),
    restores     BIGINT NOT NULL
);
COMMENT ON TABLE rollback IS 'Promotions that bring an earlier champion back.';
COMMENT ON COLUMN rollback.promotion_id IS 'The promotion that does so.';
COMMENT ON COLUMN rollback.restores IS 'The promotion after which things are again as they were.';
INSERT INTO rollback SELECT * FROM kept_rollback;

DROP TABLE kept_model;
DROP TABLE kept_model_batch;
DROP TABLE kept_trial;
DROP TABLE kept_promotion;
DROP TABLE kept_rollback;

CREATE TABLE segment_metrics (
    model_id  BIGINT NOT NULL,
    feature   VARCHAR NOT NULL,
    segment   VARCHAR NOT NULL,
    position  BIGINT NOT NULL,
    row_count BIGINT NOT NULL CHECK (row_count > 0),
    mae_usd   DOUBLE NOT NULL,
    mape      DOUBLE NOT NULL,
    bias      DOUBLE NOT NULL
);
COMMENT ON TABLE segment_metrics IS 'How far each model was off on parts of the holdout of its day.';
COMMENT ON COLUMN segment_metrics.model_id IS 'The model.';
COMMENT ON COLUMN segment_metrics.feature IS 'What parts the holdout: carat, price, cut, color or clarity.';
COMMENT ON COLUMN segment_metrics.segment IS 'The part: a grade, or a range from (included) to (excluded).';
COMMENT ON COLUMN segment_metrics.position IS 'Its place among the parts, from 0.';
COMMENT ON COLUMN segment_metrics.row_count IS 'Sales in it.';
COMMENT ON COLUMN segment_metrics.mae_usd IS 'Mean absolute error.';
COMMENT ON COLUMN segment_metrics.mape IS 'Mean absolute error as a share of the price.';
COMMENT ON COLUMN segment_metrics.bias IS 'By which share the model asks too much in the mean; below 0, too little.';

CREATE TABLE most_wrong (
    model_id      BIGINT NOT NULL,
    position      BIGINT NOT NULL,
    batch_id      BIGINT NOT NULL,
    line_number   BIGINT NOT NULL,
    price_usd     DOUBLE NOT NULL,
    predicted_usd DOUBLE NOT NULL,
    held_out      BOOLEAN NOT NULL
);
COMMENT ON TABLE most_wrong IS 'The sales that each model was furthest off on, as shares of the price: look there for typing errors.';
COMMENT ON COLUMN most_wrong.model_id IS 'The model.';
COMMENT ON COLUMN most_wrong.position IS 'Place, from 0 for the worst.';
COMMENT ON COLUMN most_wrong.batch_id IS 'The batch that brought the sale.';
COMMENT ON COLUMN most_wrong.line_number IS 'Its line in the batch''s file.';
COMMENT ON COLUMN most_wrong.price_usd IS 'What it fetched.';
COMMENT ON COLUMN most_wrong.predicted_usd IS 'What the model says.';
COMMENT ON COLUMN most_wrong.held_out IS 'Whether the model was judged by it rather than fitted to it.';
