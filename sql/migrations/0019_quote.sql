-- Quotes for customers, and the shop that gives them.
CREATE TABLE shop (
    set_at     TIMESTAMP NOT NULL,
    name       VARCHAR NOT NULL,
    address    VARCHAR NOT NULL,
    currency   VARCHAR NOT NULL,
    per_dollar DOUBLE NOT NULL CHECK (per_dollar > 0),
    valid_days BIGINT NOT NULL,
    time_zone  VARCHAR NOT NULL,
    logo       BLOB,
    logo_type  VARCHAR
);
COMMENT ON TABLE shop IS 'What stands on quotes. Nothing is overwritten: the last row counts.';
COMMENT ON COLUMN shop.set_at IS 'When it was set, UTC.';
COMMENT ON COLUMN shop.name IS 'The name of the shop; empty if none was told.';
COMMENT ON COLUMN shop.address IS 'Its address, in lines.';
COMMENT ON COLUMN shop.currency IS 'The currency of quotes, as ISO 4217 has it.';
COMMENT ON COLUMN shop.per_dollar IS 'What one US dollar is worth in that currency.';
COMMENT ON COLUMN shop.valid_days IS 'For how many days a quote is good.';
COMMENT ON COLUMN shop.time_zone IS 'The zone of the times on quotes, as the IANA database has it; empty for that of the machine.';
COMMENT ON COLUMN shop.logo IS 'A picture; NULL if there is none.';
COMMENT ON COLUMN shop.logo_type IS 'Its media type.';

CREATE TABLE quote (
    number        BIGINT PRIMARY KEY,
    prediction_id UUID NOT NULL,
    quoted_at     TIMESTAMP NOT NULL,
    quoted_by     VARCHAR NOT NULL,
    stone         VARCHAR NOT NULL,
    price_usd     DOUBLE NOT NULL,
    low_usd       DOUBLE,
    high_usd      DOUBLE,
    reliable      BOOLEAN NOT NULL,
    customer      VARCHAR NOT NULL,
    note          VARCHAR NOT NULL,
    certificate   VARCHAR NOT NULL,
    laboratory    VARCHAR NOT NULL,
    valid_until   DATE NOT NULL,
    currency      VARCHAR NOT NULL,
    per_dollar    DOUBLE NOT NULL CHECK (per_dollar > 0),
    similar_sold  VARCHAR NOT NULL,
    reprices      BIGINT
);
COMMENT ON TABLE quote IS 'Prices that were quoted to somebody. The price itself is a prediction; a quote never changes.';
COMMENT ON COLUMN quote.number IS 'Its number, from 1001.';
COMMENT ON COLUMN quote.prediction_id IS 'The prediction, which is kept as long as the quote.';
COMMENT ON COLUMN quote.quoted_at IS 'When it was made, UTC.';
COMMENT ON COLUMN quote.quoted_by IS 'Who made it: the name of a key, or page.';
COMMENT ON COLUMN quote.stone IS 'The stone in one line.';
COMMENT ON COLUMN quote.price_usd IS 'The price in US dollars.';
COMMENT ON COLUMN quote.low_usd IS 'The lower end of its range; NULL if there was none.';
COMMENT ON COLUMN quote.high_usd IS 'The upper end of its range.';
COMMENT ON COLUMN quote.reliable IS 'Whether the stone lies inside of what was sold.';
COMMENT ON COLUMN quote.customer IS 'For whom it is; empty if nobody was named.';
COMMENT ON COLUMN quote.note IS 'What the shop noted.';
COMMENT ON COLUMN quote.certificate IS 'The number of the certificate; empty if none was told.';
COMMENT ON COLUMN quote.laboratory IS 'The laboratory that wrote the certificate.';
COMMENT ON COLUMN quote.valid_until IS 'The last day on which it is good.';
COMMENT ON COLUMN quote.currency IS 'The currency that the customer sees.';
COMMENT ON COLUMN quote.per_dollar IS 'What one US dollar was worth in it.';
COMMENT ON COLUMN quote.similar_sold IS 'The nearest stones that had been sold then, as JSON.';
COMMENT ON COLUMN quote.reprices IS 'The number of the earlier quote for the same stone that this one prices again; NULL if there is none.';

CREATE TABLE quote_share (
    number    BIGINT NOT NULL,
    shared_at TIMESTAMP NOT NULL,
    token     VARCHAR
);
COMMENT ON TABLE quote_share IS 'The links by which quotes are shown without a key. Nothing is overwritten: the last row of a quote counts.';
COMMENT ON COLUMN quote_share.number IS 'The quote.';
COMMENT ON COLUMN quote_share.shared_at IS 'When it was shared, or shared no longer, UTC.';
COMMENT ON COLUMN quote_share.token IS 'The end of the address; NULL if the quote is shared no longer.';

CREATE VIEW listed_quote AS
SELECT
    quote.* REPLACE (
        CAST(quote.prediction_id AS VARCHAR) AS prediction_id,
        CAST(quote.valid_until AS VARCHAR) AS valid_until
    ),
    current_outcome.price_usd AS sold_usd,
    share.token
FROM quote
LEFT JOIN current_outcome ON current_outcome.prediction_id = quote.prediction_id
LEFT JOIN (
    SELECT number, token
    FROM quote_share
    QUALIFY row_number() OVER (PARTITION BY number ORDER BY shared_at DESC, rowid DESC) = 1
) AS share ON share.number = quote.number;
COMMENT ON VIEW listed_quote IS 'Quotes with what their stones fetched, and the link by which each is shared.';
