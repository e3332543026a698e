-- The champion.
SELECT model_id
FROM champion;
