-- Deletes the requests of a period.
--
-- $1 its beginning, $2 its end, excluded
DELETE FROM request
WHERE received_at >= CAST($1 AS TIMESTAMP) AND received_at < CAST($2 AS TIMESTAMP);
