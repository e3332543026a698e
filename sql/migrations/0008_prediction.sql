-- Predictions are records of their own: nothing is read back out of the log of requests any more. Predictions that the log
-- holds already are added by the program in the same transaction.

CREATE TABLE prediction (
    id                  UUID NOT NULL,
    request_id          UUID,
    position            BIGINT NOT NULL CHECK (position >= 0),
    predicted_at        TIMESTAMP NOT NULL,
    source              VARCHAR NOT NULL CHECK (source IN ('api', 'page', 'command_line', 'batch_file')),
    model_id            BIGINT NOT NULL,
    carat               DOUBLE NOT NULL,
    cut                 cut_grade NOT NULL,
    color               color_grade NOT NULL,
    clarity             clarity_grade NOT NULL,
    depth_percent       DOUBLE,
    table_percent       DOUBLE,
    x_mm                DOUBLE,
    y_mm                DOUBLE,
    z_mm                DOUBLE,
    filled_in           VARCHAR,
    price_usd           DOUBLE NOT NULL,
    price_per_carat_usd DOUBLE NOT NULL,
    low_usd             DOUBLE,
    high_usd            DOUBLE,
    confidence          DOUBLE,
    warnings            VARCHAR,
    explanation         VARCHAR
);
COMMENT ON TABLE prediction IS 'Every stone that was priced, as it was described, and the answer.';
COMMENT ON COLUMN prediction.id IS 'UUID version 7: the order of ids is the order of time.';
COMMENT ON COLUMN prediction.request_id IS 'The request in the log that asked for it; NULL for the command line.';
COMMENT ON COLUMN prediction.position IS 'Its place among the stones of the request, from 0.';
COMMENT ON COLUMN prediction.predicted_at IS 'When it was asked for, UTC.';
COMMENT ON COLUMN prediction.source IS 'Where it was asked for: api, page, command_line or batch_file.';
COMMENT ON COLUMN prediction.model_id IS 'The model that answered.';
COMMENT ON COLUMN prediction.carat IS 'Weight; 1 carat is 200 mg.';
COMMENT ON COLUMN prediction.cut IS 'Quality of the cut.';
COMMENT ON COLUMN prediction.color IS 'Grade of colour.';
COMMENT ON COLUMN prediction.clarity IS 'Grade of clarity.';
COMMENT ON COLUMN prediction.depth_percent IS 'Total depth; this and the other measurements are NULL where they were not given.';
COMMENT ON COLUMN prediction.table_percent IS 'Width of the table facet.';
COMMENT ON COLUMN prediction.x_mm IS 'Length.';
COMMENT ON COLUMN prediction.y_mm IS 'Width.';
COMMENT ON COLUMN prediction.z_mm IS 'Height.';
COMMENT ON COLUMN prediction.filled_in IS 'Measurements that were filled in from similar stones, as a JSON object; NULL if none were.';
COMMENT ON COLUMN prediction.price_usd IS 'The price in US dollars, to the cent.';
COMMENT ON COLUMN prediction.price_per_carat_usd IS 'The price by weight in US dollars a carat, to the cent.';
COMMENT ON COLUMN prediction.low_usd IS 'The lower end of the range; NULL if there was none.';
COMMENT ON COLUMN prediction.high_usd IS 'The upper end of the range.';
COMMENT ON COLUMN prediction.confidence IS 'How often a range of this kind holds, as a share.';
COMMENT ON COLUMN prediction.warnings IS 'Warnings, as a JSON array of sentences; NULL if there were none.';
COMMENT ON COLUMN prediction.explanation IS 'The explanation of the price, as JSON; NULL if it was not asked for.';

CREATE VIEW answered_prediction AS
SELECT
    prediction.* REPLACE (CAST(prediction.id AS VARCHAR) AS id, CAST(prediction.request_id AS VARCHAR) AS request_id),
    prediction.id AS prediction_id,
    coalesce(model.family, '') AS family
FROM prediction
LEFT JOIN model ON model.id = prediction.model_id;
COMMENT ON VIEW answered_prediction IS 'Predictions with the family of the model that answered; ids as text, and as prediction_id for comparisons.';

ALTER TABLE most_wrong RENAME TO worst_residual;
COMMENT ON TABLE worst_residual IS 'The sales that each model was furthest off on, as shares of the price: look there for typing errors.';

INSERT INTO setting (name, value) VALUES ('holdout_hash', '1');
COMMENT ON COLUMN setting.name IS 'application; holdout_salt: the salt of the hash that decides which sales judge models; holdout_hash: the version of that hash, which names the fields that it covers; file_id: what journals of this file bear; journal_number: the last journal whose requests are in the table request.';
