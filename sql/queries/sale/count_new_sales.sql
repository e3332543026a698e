-- How many sales have come since the newest model was trained: those of batches that were not in its dataset. All, if there is no
-- model.
SELECT count(*) AS sale_count
FROM sale
WHERE batch_id NOT IN (
    SELECT batch_id
    FROM model_batch
    WHERE model_id = (SELECT max(id) FROM model)
);
