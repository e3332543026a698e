-- Lets the bytes of a model go.
--
-- $1 id of the model
DELETE FROM artifact
WHERE model_id = $1;
