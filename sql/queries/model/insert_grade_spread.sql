-- Stores how wide the ranges of a grade are.
--
-- $1 id of the model, $2 what was told, $3 scale, $4 rank of the grade, $5 factor
INSERT INTO grade_spread (model_id, told, scale, rank, factor)
VALUES ($1, $2, $3, $4, $5);
