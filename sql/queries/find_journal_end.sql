-- The place in the journal up to which the next requests are to be archived; NULL if the journal is empty.
--
-- $1 how many at most
SELECT max(place)
FROM (
    SELECT rowid AS place
    FROM request_journal
    ORDER BY rowid
    LIMIT $1
);
