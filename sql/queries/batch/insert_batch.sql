-- Records an ingested file.
--
-- $1 id, $2 name of the file, $3 SHA-256 in hexadecimal, $4 time, UTC
-- $5 number of rows, $6 of accepted rows, $7 of known rows, $8 of rejected rows
INSERT INTO batch (
    id, file_name, content_sha256, ingested_at, row_count, accepted_count, known_count, rejected_count
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
