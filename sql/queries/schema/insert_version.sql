-- Records that a file has seen a migration.
--
-- $1 its number, $2 its name, $3 time in microseconds since 1970 UTC
INSERT INTO schema_version (version, name, applied_at)
VALUES ($1, $2, make_timestamp($3));
