-- Parcels, newest first, with what their prices come to.
--
-- $1 limit, $2 who priced them, or NULL for all, $3 number, or NULL
SELECT
    parcel.*,
    count(parcel_row.price_usd) AS priced,
    count(*) - count(parcel_row.price_usd) AS without_price,
    coalesce(sum(parcel_row.price_usd), 0) AS total_usd
FROM parcel
JOIN parcel_row ON parcel_row.number = parcel.number
WHERE (CAST($2 AS VARCHAR) IS NULL OR parcel.made_by = CAST($2 AS VARCHAR))
    AND (CAST($3 AS BIGINT) IS NULL OR parcel.number = CAST($3 AS BIGINT))
GROUP BY ALL
ORDER BY parcel.number DESC
LIMIT $1;
