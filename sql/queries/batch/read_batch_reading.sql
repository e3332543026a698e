-- How a file was read.
--
-- $1 id of the batch
SELECT content
FROM batch_reading
WHERE batch_id = $1;
