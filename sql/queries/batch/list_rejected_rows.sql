-- Rows of a batch that could not become sales, in the order of the file.
--
-- $1 id of the batch, $2 most rows (NULL: all)
SELECT line_number, column_name, reason, raw_text
FROM rejected_row
WHERE batch_id = $1
ORDER BY line_number
LIMIT $2;
