-- How many requests arrived in a period.
--
-- $1 earliest arrival, $2 end of arrivals, excluded, UTC; NULL for any
SELECT count(*) AS request_count
FROM request
WHERE received_at >= coalesce(CAST($1 AS TIMESTAMP), '-infinity')
    AND received_at < coalesce(CAST($2 AS TIMESTAMP), 'infinity');
