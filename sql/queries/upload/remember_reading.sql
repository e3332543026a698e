-- Notes how files with this header are read.
--
-- $1 the header, $2 what the user has said: JSON
INSERT INTO remembered_reading (header, options)
VALUES ($1, $2)
ON CONFLICT (header) DO UPDATE SET options = excluded.options;
