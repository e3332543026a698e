-- How wide the range around a model's price is.

CREATE TABLE calibration (
    model_id       BIGINT NOT NULL,
    from_carat     DOUBLE NOT NULL,
    row_count      BIGINT NOT NULL,
    log_half_width DOUBLE NOT NULL CHECK (log_half_width >= 0)
);
COMMENT ON TABLE calibration IS 'The range of each model, by classes of weight: on stones that the model had not seen, nine in ten were within it.';
COMMENT ON COLUMN calibration.model_id IS 'The model.';
COMMENT ON COLUMN calibration.from_carat IS 'The least weight of the class; it ends where the next begins.';
COMMENT ON COLUMN calibration.row_count IS 'How many stones it was judged by.';
COMMENT ON COLUMN calibration.log_half_width IS 'Half the width of the range as a logarithm: the range is from price / exp(this) to price * exp(this).';
