-- The days of a table of the log, the oldest first. {table} is the table, {time} the column with the time.
--
-- $1 from that time on, $2 before that time
SELECT
    CAST(date_trunc('day', {time}) AS TIMESTAMP) AS day,
    count(*) AS row_count
FROM {table}
WHERE {time} >= CAST($1 AS TIMESTAMP) AND {time} < CAST($2 AS TIMESTAMP)
GROUP BY ALL
ORDER BY day;
