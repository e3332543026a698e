-- Shares a quote, or no longer; inserts no row if there is no such quote.
-- The last that is told counts: where the clock was set back, its time is that of the one before, and a microsecond.
--
-- $1 number, $2 time, UTC, $3 the end of the address, or NULL
INSERT INTO quote_share
SELECT
    number,
    greatest(
        CAST($2 AS TIMESTAMP),
        (SELECT max(shared_at) FROM quote_share WHERE number = $1) + INTERVAL 1 MICROSECOND
    ),
    CAST($3 AS VARCHAR)
FROM quote
WHERE number = $1;
