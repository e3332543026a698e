-- Notes an export of sales.
--
-- $1 id, $2 time, UTC, $3 number of sales, $4 manifest as JSON
INSERT INTO sales_export (id, made_at, sale_count, manifest)
VALUES ($1, $2, $3, $4);
