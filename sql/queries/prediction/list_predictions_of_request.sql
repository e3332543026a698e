-- Ids of the predictions of a request, in its order, each with their total number.
--
-- $1 id of the request, $2 limit
SELECT CAST(id AS VARCHAR) AS id, count(*) OVER () AS prediction_count
FROM prediction
WHERE request_id = CAST($1 AS UUID)
ORDER BY position
LIMIT $2;
