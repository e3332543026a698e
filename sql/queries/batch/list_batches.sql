-- Every ingested file, newest first.
SELECT
    batch.id,
    batch.file_name,
    batch.content_sha256,
    batch.ingested_at,
    batch.row_count,
    batch.accepted_count,
    batch.known_count,
    batch.rejected_count,
    undone_batch.undone_at
FROM batch
LEFT JOIN undone_batch ON undone_batch.batch_id = batch.id
ORDER BY batch.id DESC;
