-- Sets what stands on quotes.
--
-- $1 time, UTC, $2 name, $3 address, $4 currency, $5 what a dollar is worth in it, $6 days, $7 time zone, $8 picture, $9 its media type
INSERT INTO shop
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
