-- Keeps a price list under the next number, and returns that.
--
-- $1 time, UTC, $2 who, $3 cut, $4 the list as JSON
INSERT INTO kept_price_list
SELECT
    (SELECT coalesce(max(number), 0) + 1 FROM kept_price_list),
    $1, $2, $3, $4
RETURNING number;
