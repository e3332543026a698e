-- Quotes, newest first.
--
-- $1 limit, $2 text that customer, note, certificate or stone contains, or NULL, $3 the number that it may be as well, or NULL, $4 from when, or NULL, $5 until when,
-- or NULL, $6 who made them, or NULL for all
SELECT *
FROM listed_quote
WHERE (
        CAST($2 AS VARCHAR) IS NULL AND CAST($3 AS BIGINT) IS NULL
        OR contains(lower(concat_ws(' ', customer, note, certificate, stone)), lower(CAST($2 AS VARCHAR)))
        OR number = CAST($3 AS BIGINT)
    )
    AND ($4 IS NULL OR quoted_at >= CAST($4 AS TIMESTAMP))
    AND ($5 IS NULL OR quoted_at < CAST($5 AS TIMESTAMP))
    AND ($6 IS NULL OR quoted_by = $6)
ORDER BY number DESC
LIMIT $1;
