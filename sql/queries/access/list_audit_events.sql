-- Who changed what, the newest first.
--
-- $1 most rows
SELECT id, happened_at, actor, action, subject
FROM audit_event
ORDER BY id DESC
LIMIT $1;
