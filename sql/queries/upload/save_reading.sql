-- Notes how files are read, under a name.
--
-- $1 the name, $2 what the user has said: JSON
INSERT INTO named_reading (name, options)
VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET options = excluded.options;
