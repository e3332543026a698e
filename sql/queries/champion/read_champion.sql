-- The model that answers now.
SELECT model_id
FROM champion;
