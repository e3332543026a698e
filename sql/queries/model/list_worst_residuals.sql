-- The sales that a model was furthest off on, the worst first; of a sale that has left, what it was is NULL.
--
-- $1 id of the model
SELECT
    most_wrong.batch_id,
    most_wrong.line_number,
    most_wrong.price_usd,
    most_wrong.predicted_usd,
    most_wrong.held_out,
    sale.carat || ' ct, ' || sale.cut || ', ' || sale.color || ', ' || sale.clarity || ', ' || sale.x_mm || ' × '
    || sale.y_mm || ' × ' || sale.z_mm || ' mm' AS stone
FROM most_wrong
LEFT JOIN sale ON sale.batch_id = most_wrong.batch_id AND sale.line_number = most_wrong.line_number
WHERE most_wrong.model_id = $1
ORDER BY most_wrong.position;
