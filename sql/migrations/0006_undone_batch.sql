-- Batches that were taken back.

CREATE TABLE undone_batch (
    batch_id   BIGINT PRIMARY KEY,
    undone_at  TIMESTAMP NOT NULL,
    sale_count BIGINT NOT NULL CHECK (sale_count >= 0)
);
COMMENT ON TABLE undone_batch IS 'Batches whose sales were taken out again. What the batch was stays in the history.';
COMMENT ON COLUMN undone_batch.batch_id IS 'The batch.';
COMMENT ON COLUMN undone_batch.undone_at IS 'When, UTC.';
COMMENT ON COLUMN undone_batch.sale_count IS 'How many sales left.';
