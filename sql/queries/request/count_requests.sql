-- How many requests the log holds, and how many of them arrived lately.
--
-- $1 since when,, UTC
SELECT count(*) AS all_requests, count(*) FILTER (WHERE received_at >= $1) AS recent_requests
FROM request;
