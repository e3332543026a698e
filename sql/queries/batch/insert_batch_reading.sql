-- Notes how a file was read.
--
-- $1 id of the batch, $2 what each column was taken for: JSON
INSERT INTO batch_reading (batch_id, content)
VALUES ($1, $2);
