-- The days with predictions before a time, the oldest first; predictions with an outcome do not count.
--
-- $1 that time
SELECT
    min(predicted_at) AS first_at,
    date_trunc('day', min(predicted_at)) + INTERVAL 1 DAY AS day_ends_at,
    count(*) AS row_count
FROM prediction
WHERE predicted_at < CAST($1 AS TIMESTAMP)
    AND id NOT IN (SELECT prediction_id FROM outcome)
GROUP BY date_trunc('day', predicted_at)
ORDER BY first_at;
