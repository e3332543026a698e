-- What prices need to keep their promises, and how honest their ranges are.

CREATE TABLE four_cs_table (
    model_id BIGINT NOT NULL,
    content  BLOB NOT NULL
);
COMMENT ON TABLE four_cs_table IS 'The prices of each model for stones that are known by their four Cs. It is computed again for models that have none.';
COMMENT ON COLUMN four_cs_table.model_id IS 'The model.';
COMMENT ON COLUMN four_cs_table.content IS 'Logarithms of prices by cut, weight, colour and clarity: MessagePack, compressed with Zstandard.';

ALTER TABLE calibration ADD COLUMN told VARCHAR DEFAULT 'whole';
ALTER TABLE calibration ADD COLUMN log_half_width_50 DOUBLE;
ALTER TABLE calibration ADD COLUMN log_half_width_80 DOUBLE;
ALTER TABLE calibration ADD COLUMN log_half_width_95 DOUBLE;
ALTER TABLE calibration ADD COLUMN held DOUBLE;
COMMENT ON COLUMN calibration.told IS 'What was told of the stones: whole, partly or four_cs.';
COMMENT ON COLUMN calibration.log_half_width_50 IS 'Half the width of the range that one in two is within; NULL for models of earlier versions.';
COMMENT ON COLUMN calibration.log_half_width_80 IS 'Half the width of the range that eight in ten are within.';
COMMENT ON COLUMN calibration.log_half_width_95 IS 'Half the width of the range that nineteen in twenty are within.';
COMMENT ON COLUMN calibration.held IS 'The share of stones that were within the range of nine in ten which the others gave.';

CREATE TABLE grade_spread (
    model_id BIGINT NOT NULL,
    told     VARCHAR NOT NULL,
    scale    VARCHAR NOT NULL,
    rank     BIGINT NOT NULL,
    factor   DOUBLE NOT NULL CHECK (factor > 0)
);
COMMENT ON TABLE grade_spread IS 'How much wider or narrower the ranges of each model are for stones of some grades.';
COMMENT ON COLUMN grade_spread.model_id IS 'The model.';
COMMENT ON COLUMN grade_spread.told IS 'What was told of the stones: whole, partly or four_cs.';
COMMENT ON COLUMN grade_spread.scale IS 'cut, color or clarity.';
COMMENT ON COLUMN grade_spread.rank IS 'Place of the grade on its scale, from 0 for the worst.';
COMMENT ON COLUMN grade_spread.factor IS 'By which the half widths of the calibration are multiplied.';

CREATE TABLE order_check (
    model_id    BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    change      VARCHAR NOT NULL,
    asked       BIGINT NOT NULL,
    fell        BIGINT NOT NULL,
    worst_share DOUBLE NOT NULL
);
COMMENT ON TABLE order_check IS 'How often the price of each model falls where a stone of its holdout gets better.';
COMMENT ON COLUMN order_check.model_id IS 'The model.';
COMMENT ON COLUMN order_check.position IS 'Place among the changes, from 0.';
COMMENT ON COLUMN order_check.change IS 'The change, in words.';
COMMENT ON COLUMN order_check.asked IS 'Number of stones.';
COMMENT ON COLUMN order_check.fell IS 'For how many of them the price fell by a cent or more.';
COMMENT ON COLUMN order_check.worst_share IS 'The largest fall, as a share of the price.';

DROP VIEW answered_prediction;
ALTER TABLE prediction ADD COLUMN reliable BOOLEAN;
ALTER TABLE prediction ADD COLUMN unreliable_because VARCHAR;
COMMENT ON COLUMN prediction.reliable IS 'Whether the stone lies inside of what was sold; NULL in answers of earlier versions.';
COMMENT ON COLUMN prediction.unreliable_because IS 'Why the price is not reliable, as a JSON array of sentences; NULL if it is.';
CREATE VIEW answered_prediction AS
SELECT
    prediction.* REPLACE (CAST(prediction.id AS VARCHAR) AS id, CAST(prediction.request_id AS VARCHAR) AS request_id),
    prediction.id AS prediction_id,
    coalesce(model.family, '') AS family
FROM prediction
LEFT JOIN model ON model.id = prediction.model_id;
COMMENT ON VIEW answered_prediction IS 'Predictions with the family of the model that answered; ids as text, and as prediction_id for comparisons.';
