-- Rows for a training elsewhere, on their way into files. {columns} are those of the trees.
CREATE OR REPLACE TEMPORARY TABLE training_row (
    batch     BIGINT,
    line      BIGINT,
    copy      BIGINT,
    fold      BIGINT,
    bucket    BIGINT,
    {columns},
    log_price FLOAT
);
