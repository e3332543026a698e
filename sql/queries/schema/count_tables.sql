-- How many tables the file has, and how many of them only a file of diamonds has.
SELECT count(*) AS all_tables, count(*) FILTER (WHERE table_name IN ('schema_version', 'setting')) AS our_tables
FROM duckdb_tables()
WHERE NOT internal;
