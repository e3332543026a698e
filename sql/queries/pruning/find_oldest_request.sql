-- The time of the oldest request, in microseconds since 1970 UTC; NULL if there is none.
SELECT epoch_us(min(received_at)) AS oldest_us
FROM request;
