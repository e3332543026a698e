-- Of those, one.
--
-- $1 id
WHERE id = CAST($1 AS UUID);
