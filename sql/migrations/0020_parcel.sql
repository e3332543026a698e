-- Parcels: many stones that were priced together.
CREATE TABLE parcel (
    number   BIGINT PRIMARY KEY,
    made_at  TIMESTAMP NOT NULL,
    made_by  VARCHAR NOT NULL,
    name     VARCHAR NOT NULL,
    model_id BIGINT NOT NULL,
    header   VARCHAR NOT NULL
);
COMMENT ON TABLE parcel IS 'Parcels of stones that were priced together on a page. A parcel never changes.';
COMMENT ON COLUMN parcel.number IS 'Its number, from 1001.';
COMMENT ON COLUMN parcel.made_at IS 'When it was priced, UTC.';
COMMENT ON COLUMN parcel.made_by IS 'Who priced it: the name of a key, or page.';
COMMENT ON COLUMN parcel.name IS 'What it is called: by whoever priced it, or by its file.';
COMMENT ON COLUMN parcel.model_id IS 'The model that answered.';
COMMENT ON COLUMN parcel.header IS 'The names of its own columns, as a JSON array.';

CREATE TABLE parcel_row (
    number              BIGINT NOT NULL,
    position            BIGINT NOT NULL,
    line                BIGINT NOT NULL,
    cells               VARCHAR NOT NULL,
    prediction_id       UUID,
    stone               VARCHAR,
    carat               DOUBLE,
    price_usd           DOUBLE,
    low_usd             DOUBLE,
    high_usd            DOUBLE,
    warnings            VARCHAR,
    problem             VARCHAR
);
COMMENT ON TABLE parcel_row IS 'The rows of parcels: a stone with its price, or why there is none.';
COMMENT ON COLUMN parcel_row.number IS 'The parcel.';
COMMENT ON COLUMN parcel_row.position IS 'Place of the row, from 0.';
COMMENT ON COLUMN parcel_row.line IS 'Its line in what was sent, from 1.';
COMMENT ON COLUMN parcel_row.cells IS 'Its own cells, as a JSON array.';
COMMENT ON COLUMN parcel_row.prediction_id IS 'The prediction; NULL if there is no price.';
COMMENT ON COLUMN parcel_row.stone IS 'The stone in one line.';
COMMENT ON COLUMN parcel_row.carat IS 'Its weight; 1 carat is 200 mg.';
COMMENT ON COLUMN parcel_row.price_usd IS 'The price in US dollars; NULL if there is none, or none that is reliable.';
COMMENT ON COLUMN parcel_row.low_usd IS 'The lower end of its range.';
COMMENT ON COLUMN parcel_row.high_usd IS 'The upper end of its range.';
COMMENT ON COLUMN parcel_row.warnings IS 'Warnings, as a JSON array of sentences; NULL if there are none.';
COMMENT ON COLUMN parcel_row.problem IS 'Why there is no price; NULL if there is one.';
