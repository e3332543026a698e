-- What users have said of how files are to be read, by name.
SELECT name, options
FROM named_reading
ORDER BY name;
