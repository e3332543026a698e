-- One prediction.
--
-- $1 its id
SELECT *
FROM answered_prediction
WHERE prediction_id = CAST($1 AS UUID);
