-- What stood on quotes at a time: what was set last by then, or, before all, what was set first.
--
-- $1 that time, UTC
SELECT name, address, currency, per_dollar, valid_days, time_zone, logo, logo_type
FROM shop
ORDER BY
    set_at > CAST($1 AS TIMESTAMP),
    CASE WHEN set_at > CAST($1 AS TIMESTAMP) THEN set_at END,
    set_at DESC,
    rowid DESC
LIMIT 1;
