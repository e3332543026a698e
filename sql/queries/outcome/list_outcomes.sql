-- Recorded outcomes, the last recorded first.
--
-- $1 limit
SELECT
    CAST(prediction_id AS VARCHAR) AS prediction_id,
    recorded_at,
    price_usd,
    model_id,
    predicted_usd,
    low_usd,
    high_usd
FROM current_outcome
ORDER BY recorded_at DESC, current_outcome.prediction_id DESC
LIMIT $1;
