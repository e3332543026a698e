-- One prediction.
--
-- $1 id of the prediction
SELECT *
FROM answered_prediction
WHERE prediction_id = CAST($1 AS UUID);
