-- Number of the sales that are found by the grades of a scale. The sales come from sales.sql or dated_sales.sql; {filter} is the
-- condition, {grade} the column of the scale.
SELECT enum_code({grade}) AS grade_code, count(*) AS sale_count
FROM ({sales}) AS sale
WHERE {filter}
GROUP BY {grade}
ORDER BY grade_code;
