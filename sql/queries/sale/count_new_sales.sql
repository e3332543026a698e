-- The number of sales in batches that were not in the dataset of the newest model; all sales if there is no model.
SELECT count(*) AS sale_count
FROM sale
WHERE batch_id NOT IN (
    SELECT batch_id
    FROM model_batch
    WHERE model_id = (SELECT max(id) FROM model)
);
