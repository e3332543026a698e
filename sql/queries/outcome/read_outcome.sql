-- What a priced stone fetched.
--
-- $1 id of the prediction
SELECT
    CAST(prediction_id AS VARCHAR),
    epoch_us(recorded_at),
    price_usd,
    model_id,
    predicted_usd,
    low_usd,
    high_usd
FROM current_outcome
WHERE prediction_id = CAST($1 AS UUID);
