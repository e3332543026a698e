-- The price list of a cut that was kept last.
--
-- $1 the cut
SELECT number, kept_at, document
FROM kept_price_list
WHERE cut = $1
ORDER BY number DESC
LIMIT 1;
