-- The sessions that have not expired.
--
-- $1 time, UTC
SELECT digest, key_name, expires_at
FROM login_session
WHERE expires_at > $1;
