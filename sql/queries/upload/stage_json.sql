-- Lays out the lines of a file of JSON objects, one a line, as text fields with the line's number and its text.
--
-- $1 path of the file, UTF-8
CREATE OR REPLACE TEMP TABLE upload_field AS
WITH file AS (
    SELECT string_split(content, chr(10)) AS lines
    FROM read_text($1)
),
line AS (
    -- lines may end as Windows ends them
    SELECT unnest(range(1, len(lines) + 1)) AS line_number, rtrim(unnest(lines), chr(13)) AS raw_text
    FROM file
),
object AS (
    SELECT
        line_number,
        raw_text,
        CASE WHEN json_valid(raw_text) AND json_type(raw_text) = 'OBJECT' THEN raw_text END AS document
    FROM line
    WHERE trim(raw_text) <> ''
)
SELECT
    line_number,
    raw_text,
    CASE WHEN document IS NULL THEN 'the line is not a JSON object' END AS defect,
    json_extract_string(document, '$.carat') AS carat,
    json_extract_string(document, '$.cut') AS cut,
    json_extract_string(document, '$.color') AS color,
    json_extract_string(document, '$.clarity') AS clarity,
    json_extract_string(document, '$.depth') AS depth,
    json_extract_string(document, '$.table') AS "table",
    json_extract_string(document, '$.price') AS price,
    json_extract_string(document, '$.x') AS x,
    json_extract_string(document, '$.y') AS y,
    json_extract_string(document, '$.z') AS z
FROM object;
