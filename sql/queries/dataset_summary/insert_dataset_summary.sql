-- Stores the summary of a model's dataset.
--
-- $1 id of the model, $2 the summary
INSERT INTO dataset_summary (model_id, content)
VALUES ($1, $2);
