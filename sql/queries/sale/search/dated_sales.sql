-- Every sale with its day and what else its file said.
SELECT sale.*, detail.sold_on, detail.certificate, detail.laboratory, detail.stock_number
FROM sale
LEFT JOIN (
    SELECT
        batch_id,
        line_number,
        min(TRY_CAST(sold_on AS DATE)) AS sold_on,
        min(certificate) AS certificate,
        min(laboratory) AS laboratory,
        min(stock_number) AS stock_number
    FROM sale_detail
    GROUP BY batch_id, line_number
) AS detail
    ON detail.batch_id = sale.batch_id AND detail.line_number = sale.line_number
