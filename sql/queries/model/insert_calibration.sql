-- Stores the calibration of a model's prediction interval for stones of one weight class of which so much was told.
--
-- $1 id of the model, $2 what was told, $3 smallest weight of the class in carats, $4 number of rows, $5 half the width of the
-- interval of nine in ten as a logarithm, $6 $7 $8 those of 50, 80 and 95 in a hundred, $9 share of stones within
INSERT INTO calibration (
    model_id, told, from_carat, row_count, log_half_width, log_half_width_50, log_half_width_80, log_half_width_95, held
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
