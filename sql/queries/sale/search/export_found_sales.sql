-- Writes the sales that are found into a file, with the names that files of sales have, so that it can be ingested again. The sales
-- come from sales.sql or dated_sales.sql; {filter} is the condition, {order} the order, {named_stone_columns} are the columns of the
-- field list by their names; {path} is the file, {options} its form.
COPY (
    SELECT
        {named_stone_columns},
        price_usd AS price,
        sold_on AS date,
        certificate,
        laboratory,
        stock_number,
        batch_id AS batch,
        line_number AS line
    FROM ({sales}) AS sale
    WHERE {filter}
    ORDER BY {order}, batch_id, line_number
) TO '{path}' ({options});
