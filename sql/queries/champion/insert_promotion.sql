-- Makes a model the champion.
--
-- $1 id of the model, $2 time, UTC, $3 reason
INSERT INTO promotion (id, model_id, promoted_at, reason)
SELECT coalesce(max(id), 0) + 1, $1, $2, $3
FROM promotion;
