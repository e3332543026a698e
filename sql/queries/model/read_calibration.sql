-- The classes of a model's range, the lightest first.
--
-- $1 id of the model
SELECT from_carat, row_count, log_half_width
FROM calibration
WHERE model_id = $1
ORDER BY from_carat;
