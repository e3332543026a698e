-- Deletes the minutes that were added up to hours.
--
-- $1 their beginning, $2 their end, excluded
DELETE FROM request_rollup
WHERE begins_at >= CAST($1 AS TIMESTAMP) AND begins_at < CAST($2 AS TIMESTAMP) AND seconds = 60;
