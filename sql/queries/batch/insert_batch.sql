-- Records an ingested file.
--
-- $1 id, $2 name of the file, $3 SHA-256 in hexadecimal, $4 time, UTC
-- $5 rows, $6 accepted, $7 known, $8 rejected
INSERT INTO batch (
    id, file_name, content_sha256, ingested_at, row_count, accepted_count, known_count, rejected_count
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
