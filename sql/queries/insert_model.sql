-- Stores a trained model.
--
-- $1 id, $2 family, $3 time in microseconds since 1970 UTC, $4 bytes, $5 features as a JSON array, $6 target
-- $7 hyper-parameters as JSON, $8 seed, $9 rows trained on, $10 rows held out
-- $11 R², $12 mean absolute error in $, $13 root mean squared error in $, $14 mean absolute error as a share
-- $15 seconds to fit, $16 seconds to evaluate, $17 version of the program
INSERT INTO model (
    id, family, trained_at, artifact, features, target, hyperparameters, seed, dataset_rows, train_rows, holdout_rows,
    r2, mae_usd, rmse_usd, mape, fit_seconds, evaluate_seconds, program_version
)
VALUES (
    $1, $2, make_timestamp($3), $4, from_json(CAST($5 AS JSON), '["VARCHAR"]'), $6, $7, $8, $9 + $10, $9, $10,
    $11, $12, $13, $14, $15, $16, $17
);
