-- Removes what a file says besides of the sales of its batch.
--
-- $1 id of the batch
DELETE FROM sale_detail
WHERE batch_id = $1;
