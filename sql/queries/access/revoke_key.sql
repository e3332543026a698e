-- Revokes a key that is not revoked yet.
--
-- $1 name, $2 time, UTC
UPDATE api_key SET revoked_at = $2
WHERE name = $1 AND revoked_at IS NULL;
