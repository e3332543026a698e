-- Begins a session.
--
-- $1 digest of the cookie, $2 name of the key, $3 time, UTC, $4 when it ends, UTC
INSERT INTO login_session (digest, key_name, created_at, expires_at)
VALUES ($1, $2, $3, $4);
