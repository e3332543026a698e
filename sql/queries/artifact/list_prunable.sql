-- Models whose bytes may be deleted: not the champion, not the target of a rollback, not the newest of its family, and not among
-- the newest of all.
--
-- $1 how many of the newest to keep, $2 id of the target of a rollback, or NULL
SELECT artifact.model_id, octet_length(artifact.content) AS byte_count
FROM artifact
INNER JOIN model ON model.id = artifact.model_id
WHERE model.id NOT IN (SELECT model_id FROM champion)
    AND model.id IS DISTINCT FROM CAST($2 AS BIGINT)
    AND model.id NOT IN (SELECT max(id) FROM model GROUP BY family)
    AND model.id NOT IN (SELECT id FROM model ORDER BY id DESC LIMIT $1)
ORDER BY artifact.model_id;
