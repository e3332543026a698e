-- Sets what stands on quotes.
-- The last that is told counts: where the clock was set back, its time is that of the one before, and a microsecond.
--
-- $1 time, UTC, $2 name, $3 address, $4 currency, $5 what a dollar is worth in it, $6 days, $7 time zone, $8 picture, $9 its media type
INSERT INTO shop
SELECT
    greatest(CAST($1 AS TIMESTAMP), (SELECT max(set_at) FROM shop) + INTERVAL 1 MICROSECOND),
    $2, $3, $4, $5, $6, $7, $8, $9;
