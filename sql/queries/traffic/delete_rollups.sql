-- Deletes the rollups from a time on.
--
-- $1 that time
DELETE FROM request_rollup
WHERE begins_at >= CAST($1 AS TIMESTAMP);
