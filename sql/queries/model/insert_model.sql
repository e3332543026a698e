-- Stores a trained model, without its bytes.
--
-- $1 id, $2 family, $3 time, UTC, $4 features as a JSON array, $5 target
-- $6 hyper-parameters as JSON, $7 seed, $8 number of rows for training, $9 number of rows in the holdout
-- $10 R², $11 mean absolute error in $, $12 root mean squared error in $, $13 mean absolute error as share of the price
-- $14 seconds to fit, $15 seconds to evaluate, $16 version of the program
INSERT INTO model (
    id, family, trained_at, features, target, hyperparameters, seed, dataset_rows, train_rows, holdout_rows,
    r2, mae_usd, rmse_usd, mape, fit_seconds, evaluate_seconds, program_version
)
VALUES (
    $1, $2, $3, from_json(CAST($4 AS JSON), '["VARCHAR"]'), $5, $6, $7, $8 + $9, $8, $9,
    $10, $11, $12, $13, $14, $15, $16
);
