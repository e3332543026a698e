-- Records the outcome of a prediction; inserts no row if there is no such prediction.
-- The last that is told counts: where the clock was set back, its time is that of the one before, and a microsecond.
-- {stone_columns} are the columns of the field list.
--
-- $1 id of the prediction, $2 time, UTC, $3 actual price in $
INSERT INTO outcome (
    prediction_id, recorded_at, price_usd, model_id, predicted_usd, low_usd, high_usd, {stone_columns}
)
SELECT
    id,
    greatest(
        CAST($2 AS TIMESTAMP),
        (SELECT max(recorded_at) FROM outcome WHERE prediction_id = CAST($1 AS UUID)) + INTERVAL 1 MICROSECOND
    ),
    $3, model_id, price_usd, low_usd, high_usd, {stone_columns}
FROM prediction
WHERE id = CAST($1 AS UUID);
