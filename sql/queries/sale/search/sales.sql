-- Every sale, without its day, for searches that need none.
SELECT *, CAST(NULL AS DATE) AS sold_on
FROM sale
