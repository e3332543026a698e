-- Removes the temporary table of an upload.
DROP TABLE upload_row;
