-- Writes rows of a table of the log into a file, the oldest first, with the name of the machine that logged them. {table} is the table,
-- {time} the column with the time, {node} the name, {path} the file, {options} its form; {from} and {until}, excluded, are times.
COPY (
    SELECT '{node}' AS node, *
    FROM {table}
    WHERE {time} >= {from} AND {time} < {until}
    ORDER BY {time}, id
) TO '{path}' ({options});
