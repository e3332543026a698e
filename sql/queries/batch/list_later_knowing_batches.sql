-- Later batches that are not undone and have rows that were already known, perhaps from this batch.
--
-- $1 id of the batch
SELECT id
FROM batch
WHERE id > $1
    AND known_count > 0
    AND id NOT IN (SELECT batch_id FROM undone_batch)
ORDER BY id;
