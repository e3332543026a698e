-- The bytes of a model and its family.
--
-- $1 id of the model
SELECT family, artifact
FROM model
WHERE id = $1;
