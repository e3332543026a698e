-- Notes the time before which requests were pruned, unless it is earlier than the one that is noted.
--
-- $1 that time, in microseconds since 1970 UTC
UPDATE setting
SET value = $1
WHERE name = 'requests_pruned_to' AND CAST(value AS BIGINT) < CAST($1 AS BIGINT);
