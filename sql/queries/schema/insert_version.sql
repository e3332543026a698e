-- Records that a migration was applied to the file.
--
-- $1 its number, $2 its name, $3 time, UTC
INSERT INTO schema_version (version, name, applied_at)
VALUES ($1, $2, $3);
