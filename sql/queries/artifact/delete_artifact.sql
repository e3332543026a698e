-- Deletes the bytes of a model.
--
-- $1 id of the model
DELETE FROM artifact
WHERE model_id = $1;
