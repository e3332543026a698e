-- Adds a parcel under the next number, and returns that.
--
-- $1 time, UTC, $2 who, $3 name, $4 model, $5 names of its columns as JSON
INSERT INTO parcel
SELECT (SELECT coalesce(max(number), 1000) + 1 FROM parcel), $1, $2, $3, $4, $5
RETURNING number;
