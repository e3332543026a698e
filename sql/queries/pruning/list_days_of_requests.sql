-- The days with requests before a time, the oldest first.
--
-- $1 that time
SELECT
    min(received_at) AS first_at,
    date_trunc('day', min(received_at)) + INTERVAL 1 DAY AS day_ends_at,
    count(*) AS row_count
FROM request
WHERE received_at < CAST($1 AS TIMESTAMP)
GROUP BY date_trunc('day', received_at)
ORDER BY first_at;
