-- The trials of a model's tuning, in order.
--
-- $1 id of the model
SELECT CAST(hyperparameters AS VARCHAR) AS hyperparameters, mae_usd, pruned, elapsed_ms
FROM trial
WHERE model_id = $1
ORDER BY number;
