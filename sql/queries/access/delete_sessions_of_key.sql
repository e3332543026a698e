-- Ends every session that was begun with this key.
--
-- $1 name of the key
DELETE FROM login_session
WHERE key_name = $1;
