-- Writes the predictions of a period into a file, except for those with an outcome. {path} is the file, {options}
-- its form; {from} and {until}, excluded, are times.
COPY (
    SELECT *
    FROM prediction
    WHERE predicted_at >= {from} AND predicted_at < {until}
        AND id NOT IN (SELECT prediction_id FROM outcome)
    ORDER BY predicted_at, id
) TO '{path}' ({options});
