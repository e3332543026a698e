-- How many requests the log holds, and how many of them arrived lately.
--
-- $1 since when, in microseconds since 1970 UTC
SELECT count(*), count(*) FILTER (WHERE received_at >= make_timestamp($1))
FROM request;
