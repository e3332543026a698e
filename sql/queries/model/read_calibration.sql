-- The calibration of a model's prediction intervals, whole stones first, and the lightest class first.
--
-- $1 id of the model
SELECT
    coalesce(told, 'whole') AS told, from_carat, row_count, log_half_width, log_half_width_50, log_half_width_80,
    log_half_width_95, held
FROM calibration
WHERE model_id = $1
ORDER BY list_position(['whole', 'partly', 'four_cs'], coalesce(told, 'whole')), from_carat;
