-- What users have said of how files are to be read, for the next file with the same header.
CREATE TABLE remembered_reading (
    header  VARCHAR PRIMARY KEY,
    options VARCHAR NOT NULL
);
COMMENT ON TABLE remembered_reading IS 'What users have said of how files are to be read; it holds for the next file with the same header.';
COMMENT ON COLUMN remembered_reading.header IS 'The names of the columns, in lower case, parted by line breaks.';
COMMENT ON COLUMN remembered_reading.options IS 'What was said: JSON.';
