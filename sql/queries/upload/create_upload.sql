-- Creates the temporary table of an upload: its rows that can be sales.
CREATE OR REPLACE TEMP TABLE upload_row AS
SELECT * EXCLUDE (batch_id)
FROM sale
LIMIT 0;
