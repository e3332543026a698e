-- Deletes the prices of a model by the four Cs.
--
-- $1 id of the model
DELETE FROM four_cs_table
WHERE model_id = $1;
