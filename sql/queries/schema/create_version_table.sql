-- Creates the table of the migrations that were applied to the file. Run before every migration.
CREATE TABLE IF NOT EXISTS schema_version (
    version    BIGINT PRIMARY KEY,
    name       VARCHAR NOT NULL,
    applied_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE schema_version IS 'Layouts that this file has had; the highest version is the one it has.';
COMMENT ON COLUMN schema_version.version IS 'Number of the layout, from 1.';
COMMENT ON COLUMN schema_version.name IS 'Name of the migration that made it.';
COMMENT ON COLUMN schema_version.applied_at IS 'When, UTC.';
