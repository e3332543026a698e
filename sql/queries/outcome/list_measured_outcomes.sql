-- Stones of which every measurement was given and of which it was told what they fetched, in the order of their predictions.
SELECT
    carat,
    CAST(cut AS VARCHAR),
    CAST(color AS VARCHAR),
    CAST(clarity AS VARCHAR),
    depth_percent,
    table_percent,
    x_mm,
    y_mm,
    z_mm,
    price_usd
FROM current_outcome
WHERE depth_percent IS NOT NULL
    AND table_percent IS NOT NULL
    AND x_mm IS NOT NULL
    AND y_mm IS NOT NULL
    AND z_mm IS NOT NULL
ORDER BY prediction_id;
