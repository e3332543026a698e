-- By how much the prices of a model are corrected: the last one that was set.
--
-- $1 model
SELECT share
FROM level_correction
WHERE model_id = $1
ORDER BY rowid DESC
LIMIT 1;
