-- Deletes the predictions that came with the quotes and parcels of the copy before.
DELETE FROM prediction
WHERE id IN (
    SELECT prediction_id FROM quote
    UNION ALL
    SELECT prediction_id FROM parcel_row WHERE prediction_id IS NOT NULL
);
