-- How wide the ranges of each grade are.
--
-- $1 id of the model
SELECT told, scale, rank, factor
FROM grade_spread
WHERE model_id = $1
ORDER BY list_position(['whole', 'partly', 'four_cs'], told), scale, rank;
