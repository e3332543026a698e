-- What a model was trained on.
--
-- $1 id of the model
SELECT batch_id, row_count
FROM model_batch
WHERE model_id = $1
ORDER BY batch_id;
