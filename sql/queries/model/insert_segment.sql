-- Stores the errors of a model on a segment of its holdout.
--
-- $1 id of the model, $2 the property that defines it, $3 the segment, $4 its place, $5 rows, $6 mean absolute error in $, $7 as a share, $8 bias
INSERT INTO segment_metrics (model_id, feature, segment, position, row_count, mae_usd, mape, bias)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
