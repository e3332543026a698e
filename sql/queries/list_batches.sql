-- Every ingested file, newest first.
SELECT
    id,
    file_name,
    content_sha256,
    epoch_us(ingested_at),
    row_count,
    accepted_count,
    known_count,
    rejected_count
FROM batch
ORDER BY id DESC;
