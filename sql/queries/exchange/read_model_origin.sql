-- Where a model was trained; no row if it was here.
--
-- $1 model
SELECT engine, versions, export_id, note
FROM model_origin
WHERE model_id = $1;
