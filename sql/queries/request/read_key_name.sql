-- The key of a request.
--
-- $1 id of the request
-- $2 earliest arrival, $3 end of arrivals, excluded, UTC; NULL for any
SELECT key_name
FROM request
WHERE request.id = CAST($1 AS UUID)
    AND received_at >= coalesce(CAST($2 AS TIMESTAMP), '-infinity')
    AND received_at < coalesce(CAST($3 AS TIMESTAMP), 'infinity');
