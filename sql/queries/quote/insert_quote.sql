-- Adds a quote under the next number, and returns that.
--
-- $1 prediction, $2 time, UTC, $3 who, $4 the stone in one line, $5 price, $6 and $7 range, $8 whether it is reliable, $9 customer,
-- $10 note, $11 certificate, $12 laboratory, $13 last day, $14 currency, $15 rate, $16 similar stones as JSON, $17 the quote repriced
INSERT INTO quote
SELECT
    (SELECT coalesce(max(number), 1000) + 1 FROM quote),
    CAST($1 AS UUID), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CAST($13 AS DATE), $14, $15, $16, $17
RETURNING number;
