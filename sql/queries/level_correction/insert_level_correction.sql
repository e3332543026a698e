-- Sets by how much the prices of a model are corrected.
--
-- $1 model, $2 time, UTC, $3 share
INSERT INTO level_correction (model_id, set_at, share) VALUES ($1, $2, $3);
