-- Who may ask what: keys of programs and people, sessions of browsers, and who changed what.
CREATE TABLE api_key (
    name       VARCHAR PRIMARY KEY,
    role       VARCHAR NOT NULL CHECK (role IN ('price', 'read', 'manage')),
    digest     VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP
);
COMMENT ON TABLE api_key IS 'Keys for the API and the pages. A revoked key stays, so that its name in the log keeps its meaning.';
COMMENT ON COLUMN api_key.name IS 'Its name in the log; never used twice.';
COMMENT ON COLUMN api_key.role IS 'price: prices, similar stones and the own predictions; read: also the log and the models; manage: everything.';
COMMENT ON COLUMN api_key.digest IS 'SHA-256 of the key in hexadecimal: the key itself is nowhere.';
COMMENT ON COLUMN api_key.created_at IS 'When it was made, UTC.';
COMMENT ON COLUMN api_key.expires_at IS 'From when on it is refused, UTC; absent: never.';
COMMENT ON COLUMN api_key.revoked_at IS 'When it was revoked, UTC.';

CREATE TABLE login_session (
    digest     VARCHAR PRIMARY KEY,
    key_name   VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE login_session IS 'Browsers that somebody has logged in with a key; a row goes when it has expired or somebody logs out.';
COMMENT ON COLUMN login_session.digest IS 'SHA-256 of the cookie in hexadecimal: the cookie itself is nowhere.';
COMMENT ON COLUMN login_session.key_name IS 'The key; when that is revoked or expires, so is the session.';
COMMENT ON COLUMN login_session.created_at IS 'When it began, UTC.';
COMMENT ON COLUMN login_session.expires_at IS 'When it ends, UTC.';

CREATE TABLE audit_event (
    id          BIGINT PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    actor       VARCHAR NOT NULL,
    action      VARCHAR NOT NULL,
    subject     VARCHAR NOT NULL
);
COMMENT ON TABLE audit_event IS 'Who changed what. Each row is written in one transaction with its change.';
COMMENT ON COLUMN audit_event.id IS 'Number; later events have larger ones.';
COMMENT ON COLUMN audit_event.happened_at IS 'When, UTC.';
COMMENT ON COLUMN audit_event.actor IS 'Name of the key; or command line, page (of a server without keys) or server (by itself).';
COMMENT ON COLUMN audit_event.action IS 'What was done, such as promote, roll back, ingest, undo, prune, create key.';
COMMENT ON COLUMN audit_event.subject IS 'To what: a number of a model or a batch, the name of a key, or a time.';

ALTER TABLE request ADD COLUMN key_name VARCHAR;
COMMENT ON COLUMN request.key_name IS 'Name of the key that the request had, if any.';
