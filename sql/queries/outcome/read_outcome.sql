-- The recorded outcome of a prediction.
--
-- $1 id of the prediction
SELECT
    CAST(prediction_id AS VARCHAR) AS prediction_id,
    recorded_at,
    price_usd,
    model_id,
    predicted_usd,
    low_usd,
    high_usd
FROM current_outcome
WHERE current_outcome.prediction_id = CAST($1 AS UUID);
