-- Number of the sales that are found, and between which weights and prices they lie. The sales come from sales.sql or
-- dated_sales.sql; {filter} is the condition.
SELECT
    count(*) AS sale_count,
    min(carat) AS least_carat,
    max(carat) AS most_carat,
    min(price_usd) AS least_price_usd,
    max(price_usd) AS most_price_usd
FROM ({sales}) AS sale
WHERE {filter};
