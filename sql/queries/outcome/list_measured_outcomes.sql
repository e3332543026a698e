-- Recorded outcomes of stones with every measurement given, in the order of their predictions.
-- {stone_columns} are the columns of the field list.
SELECT {stone_columns}, price_usd
FROM current_outcome
WHERE depth_percent IS NOT NULL
    AND table_percent IS NOT NULL
    AND x_mm IS NOT NULL
    AND y_mm IS NOT NULL
    AND z_mm IS NOT NULL
ORDER BY prediction_id;
