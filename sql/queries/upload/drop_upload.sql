-- Takes away what was laid out of a file.
DROP TABLE upload_field;
DROP TABLE upload_row;
