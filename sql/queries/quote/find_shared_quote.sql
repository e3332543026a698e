-- The quote that is shared by a link.
--
-- $1 the end of its address
SELECT *
FROM listed_quote
WHERE token = $1;
