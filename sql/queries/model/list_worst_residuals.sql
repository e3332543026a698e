-- The sales with the largest errors of a model, the worst first; the stone of a sale that has been removed is NULL.
--
-- $1 id of the model
SELECT
    worst_residual.batch_id,
    worst_residual.line_number,
    worst_residual.price_usd,
    worst_residual.predicted_usd,
    worst_residual.held_out,
    sale.carat || ' ct, ' || sale.cut || ', ' || sale.color || ', ' || sale.clarity
    || coalesce(', ' || sale.x_mm || ' × ' || sale.y_mm || ' × ' || sale.z_mm || ' mm', '') AS stone
FROM worst_residual
LEFT JOIN sale ON sale.batch_id = worst_residual.batch_id AND sale.line_number = worst_residual.line_number
WHERE worst_residual.model_id = $1
ORDER BY worst_residual.position;
