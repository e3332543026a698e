-- Ends the session with this digest, and all that have expired.
--
-- $1 digest of the cookie, $2 time, UTC
DELETE FROM login_session
WHERE digest = $1 OR expires_at <= $2;
