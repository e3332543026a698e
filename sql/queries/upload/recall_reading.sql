-- What users have said of files with this header.
--
-- $1 the header
SELECT options
FROM remembered_reading
WHERE header = $1;
