-- Stores the bytes of a model.
--
-- $1 id of the model, $2 bytes
INSERT INTO artifact (model_id, content)
VALUES ($1, $2);
