-- How many sales there are of each batch.
SELECT batch_id, count(*) AS sale_count
FROM sale
GROUP BY batch_id
ORDER BY batch_id;
