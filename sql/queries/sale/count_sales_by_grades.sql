-- Number of sales of each combination of grades, with the ranks of the grades.
--
-- $1 id of a model: sales of its dataset
SELECT enum_code(cut) AS cut, enum_code(color) AS color, enum_code(clarity) AS clarity, count(*) AS sale_count
FROM sale
WHERE batch_id IN (SELECT batch_id FROM model_batch WHERE model_id = $1)
GROUP BY ALL;
