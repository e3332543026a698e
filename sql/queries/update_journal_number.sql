-- Notes that the requests of a journal are in the table. To be run in one transaction with their insertion.
--
-- $1 number of the journal
UPDATE setting
SET value = CAST(CAST($1 AS BIGINT) AS VARCHAR)
WHERE name = 'journal_number';
