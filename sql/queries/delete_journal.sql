-- Takes away what was archived.
--
-- $1 place in the journal up to which
DELETE FROM request_journal
WHERE rowid <= $1;
