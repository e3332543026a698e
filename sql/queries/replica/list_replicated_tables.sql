-- The tables whose rows a replica takes from a copy: all but the layout, the settings, and what it logs itself.
SELECT table_name
FROM duckdb_tables()
WHERE database_name = current_database()
    AND NOT internal
    AND NOT temporary
    AND table_name NOT IN (
        'schema_version', 'setting', 'request', 'request_rollup', 'prediction', 'login_session', 'audit_event'
    )
ORDER BY table_name;
