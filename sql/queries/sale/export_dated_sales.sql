-- As export_sales.sql, with the day of each sale, where its file said one. The order is kept by sorting: a join has none.
COPY (
    SELECT sale.batch_id, sale.line_number, {stone_codes}, sale.price_usd, detail.sold_on
    FROM sale
    LEFT JOIN (
        SELECT batch_id, line_number, min(TRY_CAST(sold_on AS DATE)) AS sold_on
        FROM sale_detail
        GROUP BY batch_id, line_number
    ) AS detail
        ON detail.batch_id = sale.batch_id AND detail.line_number = sale.line_number
    ORDER BY sale.rowid
) TO '{path}' (FORMAT parquet, COMPRESSION zstd);
