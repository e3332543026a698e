-- Ids of the predictions that a request asked for, in its order, each with the number of all.
--
-- $1 id of the request, $2 how many to list at most
SELECT CAST(id AS VARCHAR) AS id, count(*) OVER () AS prediction_count
FROM prediction
WHERE request_id = CAST($1 AS UUID)
ORDER BY position
LIMIT $2;
