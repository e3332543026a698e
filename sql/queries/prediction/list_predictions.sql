-- The newest predictions, newest first.
--
-- $1 limit, $2 earliest time or NULL
SELECT *
FROM answered_prediction
WHERE CAST($2 AS TIMESTAMP) IS NULL
    OR predicted_at >= CAST($2 AS TIMESTAMP)
ORDER BY prediction_id DESC
LIMIT $1;
