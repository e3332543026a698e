-- Sales of one combination of grades, in the order of ingestion. {stone_columns} are the columns of the field list.
--
-- $1 id of a model: sales of its dataset
-- $2 cut, $3 color, $4 clarity
SELECT batch_id, line_number, {stone_columns}, price_usd
FROM sale
WHERE cut = CAST($2 AS cut_grade)
    AND color = CAST($3 AS color_grade)
    AND clarity = CAST($4 AS clarity_grade)
    AND batch_id IN (SELECT batch_id FROM model_batch WHERE model_id = $1);
