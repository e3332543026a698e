-- Every sale, without its day and what else its file said, for searches that need none.
SELECT
    *,
    CAST(NULL AS DATE) AS sold_on,
    CAST(NULL AS VARCHAR) AS certificate,
    CAST(NULL AS VARCHAR) AS laboratory,
    CAST(NULL AS VARCHAR) AS stock_number
FROM sale
