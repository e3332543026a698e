-- Models whose dataset has sales of a batch, newest first.
--
-- $1 id of the batch
SELECT model_id
FROM model_batch
WHERE batch_id = $1
ORDER BY model_id DESC;
