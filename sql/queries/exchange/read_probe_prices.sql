-- What was said of the probes elsewhere, in their order. {columns} are the forests and the price.
--
-- $1 path of the file
SELECT {columns}
FROM read_parquet($1)
ORDER BY probe;
