-- Records what a priced stone fetched.
--
-- $1 id of the prediction, $2 time in microseconds since 1970 UTC, $3 what it fetched in $, $4 id of the model
-- $5 what that had said in $, $6 and $7 its range or NULL, $8 carat, $9 cut, $10 color, $11 clarity
-- $12 depth, $13 table, $14 x, $15 y, $16 z, each NULL if it was not given
INSERT INTO outcome (
    prediction_id, recorded_at, price_usd, model_id, predicted_usd, low_usd, high_usd, carat, cut, color, clarity,
    depth_percent, table_percent, x_mm, y_mm, z_mm
)
VALUES (
    $1, make_timestamp($2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
);
