-- The days of a model's sales, as text such as 2026-03-01.
--
-- $1 model
SELECT CAST(sold_from AS VARCHAR) AS sold_from, CAST(sold_until AS VARCHAR) AS sold_until, half_life_days, level_change
FROM sales_period
WHERE model_id = $1;
