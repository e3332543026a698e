-- Number of the sales that are found in each cell of a map of weight and price, both by their logarithm. The sales come from
-- sales.sql or dated_sales.sql; {filter} is the condition, {grade} the column of a scale, whose mean rank is given.
--
-- $1 least weight, $2 logarithm of the width of a cell, $3 least price, $4 logarithm of the height of a cell, $5 columns, $6 rows
SELECT
    CAST(least(floor(ln(carat / $1) / $2), $5 - 1) AS INTEGER) AS cell_column,
    CAST(least(floor(ln(price_usd / $3) / $4), $6 - 1) AS INTEGER) AS cell_row,
    count(*) AS sale_count,
    avg(enum_code({grade})) AS mean_rank
FROM ({sales}) AS sale
WHERE {filter}
GROUP BY ALL
ORDER BY ALL;
