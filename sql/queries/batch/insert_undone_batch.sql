-- Records that the sales of a batch were removed.
--
-- $1 id of the batch, $2 time, UTC, $3 number of sales
INSERT INTO undone_batch (batch_id, undone_at, sale_count)
VALUES ($1, $2, $3);
