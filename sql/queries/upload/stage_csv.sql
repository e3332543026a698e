-- Lays out the lines of a CSV file as text fields, one row a line, with the line's number and its text.
--
-- The engine's own CSV reader numbers rows without blank lines and gives a file up for a few odd lines; here every line
-- is kept, with its place, whatever is wrong with it. A quoted field may hold delimiters and doubled quotes (RFC 4180),
-- but no line break.
--
-- $1 path of the file, UTF-8
-- $2 delimiter, one character
-- $3 line of the header, from 1
-- $4 number of fields in the header
-- $5 … $14 places, from 1, of carat, cut, color, clarity, depth, table, price, x, y, z in the header
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
split AS (
    SELECT
        line_number,
        raw_text,
        (length(raw_text) - length(replace(raw_text, '"', ''))) % 2 = 1 AS is_quote_open,
        CASE
            WHEN contains(raw_text, '"') THEN
                list_transform(
                    regexp_extract_all($2 || raw_text, '[' || $2 || ']("(?:[^"]|"")*"|[^' || $2 || ']*)', 1),
                    lambda field: CASE
                        WHEN starts_with(field, '"') THEN replace(substr(field, 2, length(field) - 2), '""', '"')
                        ELSE field
                    END
                )
            ELSE string_split(raw_text, $2)
        END AS fields
    FROM line
    WHERE line_number > $3 AND trim(raw_text) <> ''
)
SELECT
    line_number,
    raw_text,
    CASE
        WHEN is_quote_open THEN 'a quoted field is not closed on its line'
        WHEN len(fields) <> $4 THEN 'the number of fields is not that of the header'
    END AS defect,
    fields[$5] AS carat,
    fields[$6] AS cut,
    fields[$7] AS color,
    fields[$8] AS clarity,
    fields[$9] AS depth,
    fields[$10] AS "table",
    fields[$11] AS price,
    fields[$12] AS x,
    fields[$13] AS y,
    fields[$14] AS z
FROM split;
