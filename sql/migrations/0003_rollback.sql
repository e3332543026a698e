-- Which promotions take back others.

CREATE TABLE rollback (
    promotion_id BIGINT PRIMARY KEY REFERENCES promotion (id),
    restores     BIGINT NOT NULL
);
COMMENT ON TABLE rollback IS 'Promotions that bring an earlier champion back.';
COMMENT ON COLUMN rollback.promotion_id IS 'The promotion that does so.';
COMMENT ON COLUMN rollback.restores IS 'The promotion after which things are again as they were.';
