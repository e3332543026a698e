-- Deletes the predictions of a period, except for those with an outcome or a quote.
--
-- $1 its beginning, $2 its end, excluded
DELETE FROM prediction
WHERE predicted_at >= CAST($1 AS TIMESTAMP) AND predicted_at < CAST($2 AS TIMESTAMP)
    AND id NOT IN (SELECT prediction_id FROM outcome)
    AND id NOT IN (SELECT prediction_id FROM quote);
