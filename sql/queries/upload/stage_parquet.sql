-- Lays out the rows of a Parquet file as text fields, with the row's number and its values as JSON.
-- The engine matches the names of columns whatever their case.
--
-- $1 path of the file
CREATE OR REPLACE TEMP TABLE upload_field AS
SELECT
    row_number() OVER () AS line_number,
    CAST(to_json(source) AS VARCHAR) AS raw_text,
    CAST(NULL AS VARCHAR) AS defect,
    CAST(source.carat AS VARCHAR) AS carat,
    CAST(source.cut AS VARCHAR) AS cut,
    CAST(source.color AS VARCHAR) AS color,
    CAST(source.clarity AS VARCHAR) AS clarity,
    CAST(source.depth AS VARCHAR) AS depth,
    CAST(source."table" AS VARCHAR) AS "table",
    CAST(source.price AS VARCHAR) AS price,
    CAST(source.x AS VARCHAR) AS x,
    CAST(source.y AS VARCHAR) AS y,
    CAST(source.z AS VARCHAR) AS z
FROM read_parquet($1) AS source;
