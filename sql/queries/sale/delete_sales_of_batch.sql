-- Removes the sales of a batch.
--
-- $1 id of the batch
DELETE FROM sale
WHERE batch_id = $1;
