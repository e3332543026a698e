-- The rows of a parcel, in its order.
--
-- $1 its number
SELECT * REPLACE (CAST(prediction_id AS VARCHAR) AS prediction_id)
FROM parcel_row
WHERE number = $1
ORDER BY position;
