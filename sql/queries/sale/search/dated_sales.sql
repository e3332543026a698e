-- Every sale with its day, where its file said one.
SELECT sale.*, detail.sold_on
FROM sale
LEFT JOIN (
    SELECT batch_id, line_number, min(TRY_CAST(sold_on AS DATE)) AS sold_on
    FROM sale_detail
    GROUP BY batch_id, line_number
) AS detail
    ON detail.batch_id = sale.batch_id AND detail.line_number = sale.line_number
