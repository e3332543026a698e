-- Stores one of the sales with the largest errors of a model.
--
-- $1 id of the model, $2 place, $3 id of the batch, $4 line, $5 true price in $, $6 predicted price in $, $7 whether held out
INSERT INTO worst_residual (model_id, position, batch_id, line_number, price_usd, predicted_usd, held_out)
VALUES ($1, $2, $3, $4, $5, $6, $7);
