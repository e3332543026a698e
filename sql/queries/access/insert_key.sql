-- Adds a key; a name that is taken adds nothing.
--
-- $1 name, $2 role, $3 digest, $4 time, UTC, $5 when it expires, UTC, or NULL
INSERT INTO api_key (name, role, digest, created_at, expires_at)
SELECT $1, $2, $3, $4, $5
WHERE NOT EXISTS (SELECT 1 FROM api_key WHERE name = $1);
