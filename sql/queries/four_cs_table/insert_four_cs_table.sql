-- Stores the prices of a model by the four Cs.
--
-- $1 id of the model, $2 the table
INSERT INTO four_cs_table (model_id, content)
VALUES ($1, $2);
