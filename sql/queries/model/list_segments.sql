-- The errors of a model on the segments of its holdout.
--
-- $1 id of the model
SELECT feature, segment, row_count, mae_usd, mape, bias
FROM segment_metrics
WHERE model_id = $1
ORDER BY position;
