-- How many sales the file holds.
SELECT count(*)
FROM sale;
