-- Makes the temporary table of an upload: its rows that can be sales, not compared with the stored ones yet.
CREATE OR REPLACE TEMP TABLE upload_row AS
SELECT * EXCLUDE (batch_id)
FROM sale
LIMIT 0;
