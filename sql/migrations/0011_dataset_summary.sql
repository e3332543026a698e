-- What answers need to know of a model's dataset as a whole, so that a start does not read all of its sales.
CREATE TABLE dataset_summary (
    model_id BIGINT NOT NULL,
    content  BLOB NOT NULL
);
COMMENT ON TABLE dataset_summary IS 'What answers need to know of a dataset as a whole. It is computed again for models that have none.';
COMMENT ON COLUMN dataset_summary.model_id IS 'The model whose dataset it is.';
COMMENT ON COLUMN dataset_summary.content IS 'Number of sales, range of each field and a sample of the sales: MessagePack, compressed with Zstandard.';
