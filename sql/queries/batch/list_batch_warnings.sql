-- Warnings about the accepted rows of a batch, the most frequent first.
--
-- $1 id of the batch
SELECT warning, count AS row_count
FROM batch_warning
WHERE batch_id = $1
ORDER BY count DESC, warning;
