-- Stores one class of a model's range.
--
-- $1 id of the model, $2 least weight in carats, $3 rows, $4 half the width as a logarithm
INSERT INTO calibration (model_id, from_carat, row_count, log_half_width)
VALUES ($1, $2, $3, $4);
