-- Stores the sales of upload_row that the file does not hold yet. For each distinct sale as many copies are stored in the
-- end as the larger of the two counts: what (SELECT … FROM upload_row EXCEPT ALL SELECT … FROM sale) would add, but with
-- each sale's line.
--
-- $1 id of the batch
INSERT INTO sale (
    batch_id, line_number, carat, cut, color, clarity, depth_percent, table_percent, price_usd, x_mm, y_mm, z_mm
)
WITH copy AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY carat, cut, color, clarity, depth_percent, table_percent, price_usd, x_mm, y_mm, z_mm
            ORDER BY line_number
        ) AS copy_number
    FROM upload_row
    WHERE is_sale
),
stored AS (
    SELECT
        carat, cut, color, clarity, depth_percent, table_percent, price_usd, x_mm, y_mm, z_mm, count(*) AS copies
    FROM sale
    GROUP BY carat, cut, color, clarity, depth_percent, table_percent, price_usd, x_mm, y_mm, z_mm
)
SELECT
    $1,
    copy.line_number,
    copy.carat,
    copy.cut,
    copy.color,
    copy.clarity,
    copy.depth_percent,
    copy.table_percent,
    copy.price_usd,
    copy.x_mm,
    copy.y_mm,
    copy.z_mm
FROM copy
LEFT JOIN stored
    USING (carat, cut, color, clarity, depth_percent, table_percent, price_usd, x_mm, y_mm, z_mm)
WHERE copy.copy_number > coalesce(stored.copies, 0)
ORDER BY copy.line_number;
