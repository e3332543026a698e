-- One setting of the file.
--
-- $1 its name
SELECT value
FROM setting
WHERE name = $1;
