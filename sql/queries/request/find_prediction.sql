-- Of those, the one that holds a prediction. A single prediction has the id of its request; those of an array have
-- the ids that follow it, so the last request that made prices up to the id is the one.
--
-- $1 id of the prediction
WHERE id <= CAST($1 AS UUID)
    AND path IN ('/v1/predictions', '/')
    AND model_id IS NOT NULL
    AND status = 200
ORDER BY id DESC
LIMIT 1;
