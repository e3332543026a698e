-- Takes the settings of the copy that say how its sales and models are to be read.
UPDATE setting
SET value = theirs.value
FROM replica_copy.setting AS theirs
WHERE theirs.name = setting.name AND setting.name IN ('holdout_salt', 'holdout_hash');
