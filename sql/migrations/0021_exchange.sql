-- What was given to other programs to train on, and where models come from that were trained there.
CREATE TABLE sales_export (
    id         VARCHAR PRIMARY KEY,
    made_at    TIMESTAMP NOT NULL,
    sale_count BIGINT NOT NULL,
    manifest   VARCHAR NOT NULL
);
COMMENT ON TABLE sales_export IS 'Sales that were exported, without the holdout, so that another program trains on them.';
COMMENT ON COLUMN sales_export.id IS 'Its id, a UUID of version 7, which is in its manifest.';
COMMENT ON COLUMN sales_export.made_at IS 'When it was made, UTC.';
COMMENT ON COLUMN sales_export.sale_count IS 'Number of sales in it.';
COMMENT ON COLUMN sales_export.manifest IS 'Its manifest as JSON, without the list of its files.';

CREATE TABLE model_origin (
    model_id  BIGINT NOT NULL,
    engine    VARCHAR NOT NULL,
    versions  VARCHAR NOT NULL,
    export_id VARCHAR,
    note      VARCHAR
);
COMMENT ON TABLE model_origin IS 'Where models were trained that this program has not trained itself.';
COMMENT ON COLUMN model_origin.model_id IS 'The model.';
COMMENT ON COLUMN model_origin.engine IS 'What trained it, such as dask or spark.';
COMMENT ON COLUMN model_origin.versions IS 'Versions of what trained it, as a JSON object from names to versions.';
COMMENT ON COLUMN model_origin.export_id IS 'The export that it was trained on; NULL if it came with a recipe of its own.';
COMMENT ON COLUMN model_origin.note IS 'What whoever brought it says of it; NULL if nothing.';
