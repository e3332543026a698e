-- The version of the file's layout; 0 before the first migration.
SELECT coalesce(max(version), 0) AS version
FROM schema_version;
