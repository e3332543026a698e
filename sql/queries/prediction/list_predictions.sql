-- The newest predictions, newest first.
--
-- $1 limit, $2 earliest time, $3 end of times, excluded; NULL for any
SELECT *
FROM answered_prediction
WHERE predicted_at >= coalesce(CAST($2 AS TIMESTAMP), '-infinity')
    AND predicted_at < coalesce(CAST($3 AS TIMESTAMP), 'infinity')
ORDER BY prediction_id DESC
LIMIT $1;
