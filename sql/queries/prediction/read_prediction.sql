-- One prediction.
--
-- $1 id of the prediction, $2 earliest time, $3 end of times, excluded; NULL for any
SELECT *
FROM answered_prediction
WHERE prediction_id = CAST($1 AS UUID)
    AND predicted_at >= coalesce(CAST($2 AS TIMESTAMP), '-infinity')
    AND predicted_at < coalesce(CAST($3 AS TIMESTAMP), 'infinity');
