-- Makes a model the champion.
--
-- $1 id of the model, $2 time in microseconds since 1970 UTC, $3 reason
INSERT INTO promotion (id, model_id, promoted_at, reason)
SELECT coalesce(max(id), 0) + 1, $1, make_timestamp($2), $3
FROM promotion;
