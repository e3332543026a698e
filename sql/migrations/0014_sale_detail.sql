-- Sales of which not every measurement is known, what their files say besides, and how each file was read.
ALTER TABLE sale ALTER COLUMN depth_percent DROP NOT NULL;
ALTER TABLE sale ALTER COLUMN table_percent DROP NOT NULL;
ALTER TABLE sale ALTER COLUMN x_mm DROP NOT NULL;
ALTER TABLE sale ALTER COLUMN y_mm DROP NOT NULL;
ALTER TABLE sale ALTER COLUMN z_mm DROP NOT NULL;
COMMENT ON COLUMN sale.depth_percent IS 'Total depth: 200 z / (x + y). NULL if it is not known, as for the other measurements.';

CREATE TABLE sale_detail (
    batch_id     BIGINT NOT NULL,
    line_number  BIGINT NOT NULL,
    certificate  VARCHAR,
    laboratory   VARCHAR,
    stock_number VARCHAR,
    sold_on      VARCHAR
);
COMMENT ON TABLE sale_detail IS 'What files say of sales besides the stone and its price; only of sales whose file has it. Batch and line name the sale.';
COMMENT ON COLUMN sale_detail.batch_id IS 'The batch that brought it.';
COMMENT ON COLUMN sale_detail.line_number IS 'Its line in the batch''s file.';
COMMENT ON COLUMN sale_detail.certificate IS 'Number of its certificate.';
COMMENT ON COLUMN sale_detail.laboratory IS 'Who made the certificate, such as GIA.';
COMMENT ON COLUMN sale_detail.stock_number IS 'The number by which its owner knows it.';
COMMENT ON COLUMN sale_detail.sold_on IS 'The day of the sale, such as 2026-03-01.';

CREATE TABLE batch_reading (
    batch_id BIGINT PRIMARY KEY,
    content  VARCHAR NOT NULL
);
COMMENT ON TABLE batch_reading IS 'How files were read that are not in the standard form.';
COMMENT ON COLUMN batch_reading.batch_id IS 'The batch.';
COMMENT ON COLUMN batch_reading.content IS 'What each column was taken for, how its values were read, and what was noticed: JSON.';
