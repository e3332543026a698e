-- Of each of some requests the first stone that was priced, its price, and how many there were. {stone_columns} are the columns of the
-- field list.
--
-- $1 ids of the requests, with commas between them, $2 earliest time, $3 latest time
SELECT CAST(request_id AS VARCHAR) AS request_id, {stone_columns}, price_usd, prediction_count
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY request_id ORDER BY position) AS place,
        count(*) OVER (PARTITION BY request_id) AS prediction_count
    FROM prediction
    WHERE request_id IN (SELECT CAST(unnest(string_split($1, ',')) AS UUID))
        AND predicted_at BETWEEN CAST($2 AS TIMESTAMP) AND CAST($3 AS TIMESTAMP)
)
WHERE place = 1;
