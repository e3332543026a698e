-- The manifest of an export of sales.
--
-- $1 id
SELECT manifest
FROM sales_export
WHERE id = $1;
