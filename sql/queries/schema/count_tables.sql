-- The number of tables in the file, and how many of them have the names by which a diamonds file is recognized.
SELECT count(*) AS all_tables, count(*) FILTER (WHERE table_name IN ('schema_version', 'setting')) AS our_tables
FROM duckdb_tables()
WHERE NOT internal;
