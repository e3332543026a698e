-- The summary of a model's dataset.
--
-- $1 id of the model
SELECT content
FROM dataset_summary
WHERE model_id = $1;
