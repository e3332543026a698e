-- Records a trial of a model's tuning.
--
-- $1 id of the model, $2 number from 1, $3 hyper-parameters as JSON, $4 mean absolute error in $, $5 whether it was
-- stopped early, $6 its duration in milliseconds
INSERT INTO trial (model_id, number, hyperparameters, mae_usd, pruned, elapsed_ms)
VALUES ($1, $2, $3, $4, $5, $6);
