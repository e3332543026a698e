-- How many rows upload_row has.
SELECT count(*)
FROM upload_row;
