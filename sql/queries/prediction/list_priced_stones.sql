-- The descriptions of the stones that were priced, newest first.
--
-- $1 limit, $2 earliest time, $3 end of times, excluded; NULL for any
SELECT {stone_columns}
FROM prediction
WHERE predicted_at >= coalesce(CAST($2 AS TIMESTAMP), '-infinity')
    AND predicted_at < coalesce(CAST($3 AS TIMESTAMP), 'infinity')
ORDER BY id DESC
LIMIT $1;
