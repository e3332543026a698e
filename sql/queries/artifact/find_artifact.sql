-- Whether a model still has its bytes.
--
-- $1 id of the model
SELECT artifact.model_id IS NOT NULL AS has_content
FROM model
LEFT JOIN artifact ON artifact.model_id = model.id
WHERE model.id = $1;
