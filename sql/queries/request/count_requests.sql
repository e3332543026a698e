-- Number of requests in the log, and of those since a time.
--
-- $1 that time, UTC
SELECT count(*) AS all_requests, count(*) FILTER (WHERE received_at >= $1) AS recent_requests
FROM request;
