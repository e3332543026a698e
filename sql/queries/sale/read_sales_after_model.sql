-- Sales that came after a model was trained, the newest batches first. {stone_columns} are the columns of the field list.
--
-- $1 model, $2 most sales
SELECT batch_id, line_number, {stone_columns}, price_usd
FROM sale
WHERE batch_id NOT IN (SELECT batch_id FROM model_batch WHERE model_id = $1)
ORDER BY batch_id DESC, line_number
LIMIT $2;
