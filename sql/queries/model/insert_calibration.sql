-- Stores the calibration of a model's prediction interval for one weight class.
--
-- $1 id of the model, $2 smallest weight of the class in carats, $3 number of rows, $4 half the interval's width as a
-- logarithm
INSERT INTO calibration (model_id, from_carat, row_count, log_half_width)
VALUES ($1, $2, $3, $4);
