-- Copies everything into a new file. {name} is the name of the database, {path} the new file, {storage_version} the version of DuckDB from
-- which on it can be opened.
ATTACH '{path}' AS compacted (STORAGE_VERSION '{storage_version}');
COPY FROM DATABASE "{name}" TO compacted;
DETACH compacted;
