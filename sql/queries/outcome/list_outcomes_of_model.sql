-- Recorded outcomes of stones that a model priced, as they were described, the last recorded first. {stone_columns} are the columns of
-- the field list.
--
-- $1 model, $2 limit
SELECT {stone_columns}, price_usd
FROM current_outcome
WHERE model_id = $1
ORDER BY recorded_at DESC, current_outcome.prediction_id DESC
LIMIT $2;
