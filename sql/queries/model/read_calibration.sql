-- The calibration of a model's prediction intervals by weight class, the lightest class first.
--
-- $1 id of the model
SELECT from_carat, row_count, log_half_width
FROM calibration
WHERE model_id = $1
ORDER BY from_carat;
