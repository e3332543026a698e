-- The days of the sales that a model learnt, how prices drifted in them, and by how much people correct a model since.
CREATE TABLE sales_period (
    model_id       BIGINT NOT NULL,
    sold_from      DATE NOT NULL,
    sold_until     DATE NOT NULL,
    half_life_days DOUBLE,
    level_change   DOUBLE
);
COMMENT ON TABLE sales_period IS 'The days of the sales that each model learnt; only of models whose sales have days.';
COMMENT ON COLUMN sales_period.model_id IS 'The model.';
COMMENT ON COLUMN sales_period.sold_from IS 'The day of the oldest sale.';
COMMENT ON COLUMN sales_period.sold_until IS 'The day of the newest sale, to whose level prices were brought.';
COMMENT ON COLUMN sales_period.half_life_days IS 'Half-life of what a sale tells of the level of prices; NULL if prices did not drift by more than luck.';
COMMENT ON COLUMN sales_period.level_change IS 'How much higher the level was on the newest day than a year before, or on the oldest day if that is later: a share.';

CREATE TABLE level_correction (
    model_id BIGINT NOT NULL,
    set_at   TIMESTAMP NOT NULL,
    share    DOUBLE NOT NULL CHECK (share > -1)
);
COMMENT ON TABLE level_correction IS 'By how much the prices of a model are corrected since its training, because prices moved; the last one of a model counts.';
COMMENT ON COLUMN level_correction.model_id IS 'The model.';
COMMENT ON COLUMN level_correction.set_at IS 'When somebody set it, UTC.';
COMMENT ON COLUMN level_correction.share IS 'By what share its prices are higher: 0.04 is 4 % more, 0 as they were.';
