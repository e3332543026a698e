-- Fills the log with made-up requests: half of them over thirty days, half in the last hour. {requests} is their number.
CREATE TEMP MACRO made_up_id(ms, number) AS
    CAST(printf('%012x', ms) || '7' || printf('%03x', number % 4096) || '8' || printf('%015x', number) AS UUID);

INSERT INTO request (id, received_at, method, path, status, latency_us, model_id, client, request_body, response_body)
SELECT
    made_up_id(ms, number),
    make_timestamp(ms * 1000),
    'POST',
    CASE
        WHEN number % 10 < 7 THEN '/v1/predictions'
        WHEN number % 10 < 9 THEN '/v1/similar'
        ELSE '/v1/predictions/' || made_up_id(ms, number + 1)
    END,
    CASE WHEN number % 50 = 0 THEN 422 WHEN number % 5000 = 0 THEN 500 ELSE 200 END,
    50 + hash(number) % 500,
    1,
    '127.0.0.1:5000',
    '{"carat":' || (number % 300 / 100.0) || ',"cut":"Ideal","color":"G","clarity":"VS2"}',
    '{"id":"' || made_up_id(ms, number) || '","price_usd":' || number || ',"model":{"id":1,"family":"linear"},"warnings":[]}'
FROM (
    SELECT
        number,
        epoch_ms(now()::TIMESTAMP) - 3600000 + CASE
            WHEN number < {requests} // 2 THEN number * 5184000000 // {requests} - 2592000000
            ELSE (number - {requests} // 2) * 7200000 // {requests}
        END AS ms
    FROM range({requests}) AS numbers (number)
);

INSERT INTO prediction (
    id, request_id, position, predicted_at, source, model_id, carat, cut, color, clarity, price_usd, price_per_carat_usd
)
SELECT id, id, 0, received_at, 'api', 1, 0.2 + epoch_ms(received_at) % 300 / 100.0, 'Ideal', 'G', 'VS2', 1000 + latency_us, 1000
FROM request
WHERE path = '/v1/predictions';

CHECKPOINT;
