-- Counts the warnings about the sales of a batch.
--
-- $1 id of the batch
-- $2 carats per cubic millimetre of x · y · z
-- $3 share by which the weight may differ from that of the measurements
-- $4 percentage points by which the depth may differ from 200 z / (x + y)
INSERT INTO batch_warning (batch_id, warning, count)
SELECT $1, warning, count(*)
FROM (
    SELECT unnest([
        CASE
            WHEN abs(carat / ($2 * x_mm * y_mm * z_mm) - 1) > $3
                THEN 'the measurements contradict the weight'
        END,
        CASE
            WHEN abs(200 * z_mm / (x_mm + y_mm) - depth_percent) > $4
                THEN 'the measurements contradict the depth'
        END
    ]) AS warning
    FROM sale
    WHERE batch_id = $1
) AS found
WHERE warning IS NOT NULL
GROUP BY warning;
