-- Changes a setting of the file.
--
-- $1 name, $2 value
UPDATE setting
SET value = $2
WHERE name = $1;
