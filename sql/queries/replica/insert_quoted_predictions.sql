-- Takes the predictions that the quotes and parcels of the copy need. All others stay in the file that they were made in.
INSERT INTO prediction BY NAME
SELECT *
FROM replica_copy.prediction
WHERE id IN (
    SELECT prediction_id FROM replica_copy.quote
    UNION ALL
    SELECT prediction_id FROM replica_copy.parcel_row WHERE prediction_id IS NOT NULL
);
