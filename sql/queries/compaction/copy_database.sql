-- Copies everything into a new file. {name} is the name of the database, {path} the new file.
ATTACH '{path}' AS compacted;
COPY FROM DATABASE "{name}" TO compacted;
DETACH compacted;
