-- Keeps the rows of upload_row that cannot be sales.
--
-- $1 id of the batch
INSERT INTO rejected_row (batch_id, line_number, column_name, reason, raw_text)
SELECT $1, line_number, column_name, reason, raw_text
FROM upload_row
WHERE NOT is_sale
ORDER BY line_number;
