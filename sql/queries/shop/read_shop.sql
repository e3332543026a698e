-- What stands on quotes.
SELECT name, address, currency, per_dollar, valid_days, time_zone, logo, logo_type
FROM shop
ORDER BY set_at DESC, rowid DESC
LIMIT 1;
