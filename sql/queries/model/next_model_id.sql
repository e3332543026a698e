-- The number of the next model.
SELECT coalesce(max(id), 0) + 1 AS id
FROM model;
