-- A picture by its name.
--
-- $1 the first 16 bytes of its SHA-256, in hexadecimal
SELECT logo, logo_type
FROM shop
WHERE left(sha256(logo), 32) = $1 AND logo_type IS NOT NULL
LIMIT 1;
