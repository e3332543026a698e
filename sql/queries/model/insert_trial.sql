-- Records a setting that was tried when a model was tuned.
--
-- $1 id of the model, $2 number from 1, $3 hyper-parameters as JSON, $4 mean absolute error in $, $5 whether it was given
-- up early, $6 milliseconds that it took
INSERT INTO trial (model_id, number, hyperparameters, mae_usd, pruned, elapsed_ms)
VALUES ($1, $2, $3, $4, $5, $6);
