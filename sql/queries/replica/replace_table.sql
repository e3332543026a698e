-- Puts the rows of a table of the copy in the place of those here, in their order. {table} is the table.
DELETE FROM {table};
INSERT INTO {table} BY NAME
SELECT *
FROM replica_copy.{table};
