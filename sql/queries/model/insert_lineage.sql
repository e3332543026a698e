-- Records the part of a model's dataset that came from one batch.
--
-- $1 id of the model, $2 id of the batch, $3 number of its sales
INSERT INTO model_batch (model_id, batch_id, row_count)
VALUES ($1, $2, $3);
