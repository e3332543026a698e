-- The family of a model and its bytes; the bytes are NULL if it was pruned.
--
-- $1 id of the model
SELECT model.family, artifact.content
FROM model
LEFT JOIN artifact ON artifact.model_id = model.id
WHERE model.id = $1;
