-- Stores where a model was trained.
--
-- $1 model, $2 engine, $3 versions as a JSON object, $4 id of the export, $5 note
INSERT INTO model_origin (model_id, engine, versions, export_id, note)
VALUES ($1, $2, $3, $4, $5);
