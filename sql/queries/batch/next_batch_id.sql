-- The number of the next batch.
SELECT coalesce(max(id), 0) + 1 AS id
FROM batch;
