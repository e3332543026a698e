-- What priced stones really fetched.

CREATE TABLE outcome (
    prediction_id UUID NOT NULL,
    recorded_at   TIMESTAMP NOT NULL,
    price_usd     DOUBLE NOT NULL CHECK (price_usd > 0 AND isfinite(price_usd)),
    model_id      BIGINT NOT NULL,
    predicted_usd DOUBLE NOT NULL,
    low_usd       DOUBLE,
    high_usd      DOUBLE,
    carat         DOUBLE NOT NULL,
    cut           cut_grade NOT NULL,
    color         color_grade NOT NULL,
    clarity       clarity_grade NOT NULL,
    depth_percent DOUBLE,
    table_percent DOUBLE,
    x_mm          DOUBLE,
    y_mm          DOUBLE,
    z_mm          DOUBLE
);
COMMENT ON TABLE outcome IS 'What stones fetched that had been priced before. Nothing is overwritten: of several for one prediction the last counts; see current_outcome.';
COMMENT ON COLUMN outcome.prediction_id IS 'The prediction, as in the answer that made it.';
COMMENT ON COLUMN outcome.recorded_at IS 'When it was told, UTC.';
COMMENT ON COLUMN outcome.price_usd IS 'What the stone really fetched, in US dollars.';
COMMENT ON COLUMN outcome.model_id IS 'The model that had priced it.';
COMMENT ON COLUMN outcome.predicted_usd IS 'What the model had said.';
COMMENT ON COLUMN outcome.low_usd IS 'The lower end of the range that it had given; NULL if it gave none.';
COMMENT ON COLUMN outcome.high_usd IS 'The upper end of that range.';
COMMENT ON COLUMN outcome.carat IS 'Weight of the stone.';
COMMENT ON COLUMN outcome.cut IS 'Quality of its cut.';
COMMENT ON COLUMN outcome.color IS 'Its grade of colour.';
COMMENT ON COLUMN outcome.clarity IS 'Its grade of clarity.';
COMMENT ON COLUMN outcome.depth_percent IS 'Total depth, if it was given; measures that had to be assumed are NULL.';
COMMENT ON COLUMN outcome.table_percent IS 'Width of the table facet, if it was given.';
COMMENT ON COLUMN outcome.x_mm IS 'Length, if it was given.';
COMMENT ON COLUMN outcome.y_mm IS 'Width, if it was given.';
COMMENT ON COLUMN outcome.z_mm IS 'Height, if it was given.';

CREATE VIEW current_outcome AS
SELECT *
FROM outcome
QUALIFY row_number() OVER (PARTITION BY prediction_id ORDER BY recorded_at DESC, rowid DESC) = 1;
COMMENT ON VIEW current_outcome IS 'The last outcome of each prediction.';
