-- Stores the days of a model's sales.
--
-- $1 model, $2 day of the oldest sale, $3 day of the newest sale, $4 half-life in days, $5 change of the level as a share
INSERT INTO sales_period (model_id, sold_from, sold_until, half_life_days, level_change)
VALUES ($1, CAST($2 AS DATE), CAST($3 AS DATE), $4, $5);
