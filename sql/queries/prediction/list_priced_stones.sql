-- The descriptions of the stones that were priced, newest first.
--
-- $1 limit, $2 earliest time or NULL
SELECT {stone_columns}
FROM prediction
WHERE CAST($2 AS TIMESTAMP) IS NULL
    OR predicted_at >= CAST($2 AS TIMESTAMP)
ORDER BY id DESC
LIMIT $1;
