-- Sales in the order of ingestion, which is the order of the table. {stone_columns} are the columns of the field list.
--
-- $1 id of a model: only sales of its dataset; NULL: all sales
SELECT batch_id, line_number, {stone_columns}, price_usd
FROM sale
WHERE CAST($1 AS BIGINT) IS NULL
    OR batch_id IN (SELECT batch_id FROM model_batch WHERE model_id = CAST($1 AS BIGINT));
