-- Notes who changed what.
--
-- $1 time, UTC, $2 actor, $3 action, $4 subject
INSERT INTO audit_event (id, happened_at, actor, action, subject)
SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4
FROM audit_event;
