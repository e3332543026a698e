-- Sales in the order in which they came. Grades are given as their place in the trade's order, 0 for the worst.
--
-- $1 id of a model: only sales of its dataset; NULL: all sales
SELECT
    batch_id,
    line_number,
    carat,
    enum_code(cut) AS cut,
    enum_code(color) AS color,
    enum_code(clarity) AS clarity,
    depth_percent,
    table_percent,
    price_usd,
    x_mm,
    y_mm,
    z_mm
FROM sale
WHERE CAST($1 AS BIGINT) IS NULL
    OR batch_id IN (SELECT batch_id FROM model_batch WHERE model_id = CAST($1 AS BIGINT))
ORDER BY batch_id, line_number;
