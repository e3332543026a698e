-- Lays out the rows of a Parquet file as text fields, with the row's number and its values as JSON.
-- The engine matches the names of columns whatever their case.
--
-- $1 path of the file
CREATE OR REPLACE TEMP TABLE upload_field AS
SELECT
    row_number() OVER () AS line_number,
    CAST(to_json(source) AS VARCHAR) AS raw_text,
    CAST(NULL AS VARCHAR) AS defect,
    CAST(carat AS VARCHAR) AS carat,
    CAST(cut AS VARCHAR) AS cut,
    CAST(color AS VARCHAR) AS color,
    CAST(clarity AS VARCHAR) AS clarity,
    CAST(depth AS VARCHAR) AS depth,
    CAST("table" AS VARCHAR) AS "table",
    CAST(price AS VARCHAR) AS price,
    CAST(x AS VARCHAR) AS x,
    CAST(y AS VARCHAR) AS y,
    CAST(z AS VARCHAR) AS z
FROM read_parquet($1) AS source;
