-- Number of sales in the file.
--
-- $1 id of a model: only sales of its dataset; NULL: all sales
SELECT count(*) AS sale_count
FROM sale
WHERE CAST($1 AS BIGINT) IS NULL
    OR batch_id IN (SELECT batch_id FROM model_batch WHERE model_id = CAST($1 AS BIGINT));
