-- The numbers of the quotes that price a quote again, oldest first.
--
-- $1 its number
SELECT number
FROM quote
WHERE reprices = $1
ORDER BY number;
