-- The layout of the file; 0 before the first.
SELECT coalesce(max(version), 0) AS version
FROM schema_version;
