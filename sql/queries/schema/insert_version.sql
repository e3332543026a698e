-- Records that a file has seen a migration.
--
-- $1 its number, $2 its name, $3 time, UTC
INSERT INTO schema_version (version, name, applied_at)
VALUES ($1, $2, $3);
