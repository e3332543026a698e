-- Size of a model's artifact in bytes; no row if it was pruned.
--
-- $1 id of the model
SELECT octet_length(content) AS byte_count
FROM artifact
WHERE model_id = $1;
