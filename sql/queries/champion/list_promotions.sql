-- Promotions of models to champion, newest first.
--
-- $1 id of the only model to list, or NULL
SELECT model_id, promoted_at, reason
FROM promotion
WHERE model_id = coalesce(CAST($1 AS BIGINT), model_id)
ORDER BY id DESC;
