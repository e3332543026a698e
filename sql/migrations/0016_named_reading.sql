-- What users have said of how files are to be read, under a name of their own.
CREATE TABLE named_reading (
    name    VARCHAR PRIMARY KEY,
    options VARCHAR NOT NULL
);
COMMENT ON TABLE named_reading IS 'What users have said of how files are to be read, under a name of their own; it holds for every file with which the name is given.';
COMMENT ON COLUMN named_reading.name IS 'The name.';
COMMENT ON COLUMN named_reading.options IS 'What was said: JSON.';
