-- When a model became the champion, newest first.
--
-- $1 id of the model
SELECT model_id, epoch_us(promoted_at), reason
FROM promotion
WHERE model_id = $1
ORDER BY id DESC;
