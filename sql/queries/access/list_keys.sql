-- Every key, the newest first.
SELECT name, role, digest, created_at, expires_at, revoked_at
FROM api_key
ORDER BY created_at DESC, name;
