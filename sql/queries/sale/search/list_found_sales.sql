-- A page of the sales that are found, in their order. The sales come from sales.sql or dated_sales.sql; {filter} is the condition,
-- {order} the order, {stone_columns} are the columns of the field list.
--
-- $1 most sales, $2 how many before them are left out
SELECT
    found.*,
    (
        SELECT CAST(min(TRY_CAST(detail.sold_on AS DATE)) AS VARCHAR)
        FROM sale_detail AS detail
        WHERE detail.batch_id = found.batch_id AND detail.line_number = found.line_number
    ) AS day,
    (
        SELECT min(concat_ws(' ', detail.laboratory, detail.certificate))
        FROM sale_detail AS detail
        WHERE detail.batch_id = found.batch_id AND detail.line_number = found.line_number
    ) AS certificate
FROM (
    SELECT batch_id, line_number, {stone_columns}, price_usd, sold_on
    FROM ({sales}) AS sale
    WHERE {filter}
    ORDER BY {order}, batch_id, line_number
    LIMIT $1 OFFSET $2
) AS found
ORDER BY {order}, batch_id, line_number;
