-- How often the prices of a model fall where a stone gets better.
--
-- $1 id of the model
SELECT change, asked, fell, worst_share
FROM order_check
WHERE model_id = $1
ORDER BY position;
