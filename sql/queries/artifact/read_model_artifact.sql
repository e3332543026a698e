-- The family of a model, its bytes, and its prices by the four Cs; the bytes are NULL if it was pruned.
--
-- $1 id of the model
SELECT model.family, artifact.content, four_cs_table.content AS four_cs_table
FROM model
LEFT JOIN artifact ON artifact.model_id = model.id
LEFT JOIN four_cs_table ON four_cs_table.model_id = model.id
WHERE model.id = $1;
