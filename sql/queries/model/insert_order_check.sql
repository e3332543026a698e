-- Stores how often a price falls where a stone gets better.
--
-- $1 id of the model, $2 position, $3 change, $4 number of stones, $5 how many fell, $6 worst share
INSERT INTO order_check (model_id, position, change, asked, fell, worst_share)
VALUES ($1, $2, $3, $4, $5, $6);
