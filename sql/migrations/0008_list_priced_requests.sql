-- Requests that got prices, oldest first.
--
-- $1 how many at most, $2 id that comes before them
SELECT CAST(id AS VARCHAR) AS id, received_at, path, query, request_body, response_body
FROM request
WHERE id > CAST($2 AS UUID)
    AND path IN ('/v1/predictions', '/')
    AND model_id IS NOT NULL
    AND status = 200
ORDER BY request.id
LIMIT $1;
