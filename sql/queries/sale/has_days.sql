-- Whether the day of any sale is known.
SELECT EXISTS (SELECT 1 FROM sale_detail WHERE sold_on IS NOT NULL) AS has_days;
