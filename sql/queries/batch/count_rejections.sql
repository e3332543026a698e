-- Why rows of a batch were rejected, the most frequent reason first.
--
-- $1 id of the batch
SELECT reason, count(*) AS row_count
FROM rejected_row
WHERE batch_id = $1
GROUP BY reason
ORDER BY count(*) DESC, reason;
