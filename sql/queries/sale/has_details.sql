-- Whether any file said more of its sales than stones and prices.
SELECT EXISTS (SELECT 1 FROM sale_detail) AS has_details;
