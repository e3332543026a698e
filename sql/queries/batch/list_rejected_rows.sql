-- Rows of a batch that could not become sales, in the order of the file.
--
-- $1 id of the batch
SELECT line_number, column_name, reason, raw_text
FROM rejected_row
WHERE batch_id = $1
ORDER BY line_number;
