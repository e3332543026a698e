-- The batches that a model was trained on, and whether they have been undone since.
--
-- $1 id of the model
SELECT model_batch.batch_id, model_batch.row_count, undone_batch.batch_id IS NOT NULL AS is_undone
FROM model_batch
LEFT JOIN undone_batch ON undone_batch.batch_id = model_batch.batch_id
WHERE model_batch.model_id = $1
ORDER BY model_batch.batch_id;
