-- Writes requests of the log into a file, the oldest first. {path} is the file, {options} its form; {from} and {until}, excluded, are
-- times.
COPY (
    SELECT *
    FROM request
    WHERE received_at >= {from} AND received_at < {until}
    ORDER BY received_at, id
) TO '{path}' ({options});
