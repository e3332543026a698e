-- The errors of each model on stones whose outcome is recorded.
SELECT
    model_id,
    count(*) AS outcomes,
    avg(abs(price_usd - predicted_usd)) AS mae_usd,
    avg(abs(price_usd - predicted_usd) / price_usd) AS mape,
    count(low_usd) AS with_range,
    count(*) FILTER (WHERE price_usd BETWEEN low_usd AND high_usd) AS within_range
FROM current_outcome
GROUP BY model_id
ORDER BY model_id DESC;
