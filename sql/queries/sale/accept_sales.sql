-- Stores the sales of upload_row that the file does not have yet. Afterwards, each distinct sale has as many copies as the
-- larger of the two counts: what (SELECT … FROM upload_row EXCEPT ALL SELECT … FROM sale) would add, but with each sale's
-- line. {stone_columns} are the columns of the field list; two sales are equal if these and the price are. {equal_stones}
-- compares these columns of copy and stored; two unknown values are equal.
--
-- $1 id of the batch
INSERT INTO sale BY NAME
WITH copy AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY {stone_columns}, price_usd ORDER BY line_number) AS copy_number
    FROM upload_row
),
stored AS (
    SELECT {stone_columns}, price_usd, count(*) AS copies
    FROM sale
    GROUP BY ALL
)
SELECT $1 AS batch_id, copy.* EXCLUDE (copy_number)
FROM copy
LEFT JOIN stored ON {equal_stones} AND copy.price_usd = stored.price_usd
WHERE copy_number > coalesce(copies, 0)
ORDER BY line_number;
