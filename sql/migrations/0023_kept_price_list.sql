-- Price lists that somebody kept, so that a later one says what has changed since.
CREATE TABLE kept_price_list (
    number   BIGINT PRIMARY KEY,
    kept_at  TIMESTAMP NOT NULL,
    kept_by  VARCHAR NOT NULL,
    cut      VARCHAR NOT NULL,
    document VARCHAR NOT NULL
);
COMMENT ON TABLE kept_price_list IS 'Price lists that somebody kept, such as one that was printed and hung up. A list never changes.';
COMMENT ON COLUMN kept_price_list.number IS 'Its number, from 1.';
COMMENT ON COLUMN kept_price_list.kept_at IS 'When it was kept, UTC.';
COMMENT ON COLUMN kept_price_list.kept_by IS 'Who kept it: the name of a key, page or command line.';
COMMENT ON COLUMN kept_price_list.cut IS 'The cut whose prices it has.';
COMMENT ON COLUMN kept_price_list.document IS 'The list as JSON, as the API gives it.';
