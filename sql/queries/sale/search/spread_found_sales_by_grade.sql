-- Number of the sales that are found by the grades of a scale, and how their prices by weight are spread. The sales come from
-- sales.sql or dated_sales.sql; {filter} is the condition, {grade} the column of the scale.
SELECT
    grade_code,
    sale_count,
    spread[1] AS tenth,
    spread[2] AS quarter,
    spread[3] AS half,
    spread[4] AS three_quarters,
    spread[5] AS nine_tenths
FROM (
    SELECT
        enum_code({grade}) AS grade_code,
        count(*) AS sale_count,
        approx_quantile(price_usd / carat, [0.1, 0.25, 0.5, 0.75, 0.9]) AS spread
    FROM ({sales}) AS sale
    WHERE {filter}
    GROUP BY {grade}
)
ORDER BY grade_code;
