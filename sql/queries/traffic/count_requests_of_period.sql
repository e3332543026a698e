-- Number of requests of a period.
--
-- $1 earliest arrival, $2 end of arrivals, excluded
SELECT count(*) AS request_count
FROM request
WHERE received_at >= CAST($1 AS TIMESTAMP) AND received_at < CAST($2 AS TIMESTAMP);
