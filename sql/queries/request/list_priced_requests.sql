-- Of those, the ones that got prices, newest first.
--
-- $1 how many at most; NULL for any: $2 earliest arrival in microseconds since 1970 UTC, $3 id that comes after them
WHERE path IN ('/v1/predictions', '/')
    AND model_id IS NOT NULL
    AND status = 200
    AND (CAST($2 AS BIGINT) IS NULL OR received_at >= make_timestamp(CAST($2 AS BIGINT)))
    AND (CAST($3 AS UUID) IS NULL OR id < CAST($3 AS UUID))
ORDER BY id DESC
LIMIT $1;
