-- Every model without its bytes, newest first.
SELECT
    model.id,
    model.family,
    coalesce(model.id = (SELECT model_id FROM champion), false) AS is_champion,
    model.trained_at,
    model.r2,
    model.mae_usd,
    model.rmse_usd,
    model.mape,
    model.dataset_rows,
    model.train_rows,
    model.holdout_rows,
    model.target,
    CAST(to_json(model.features) AS VARCHAR) AS features,
    CAST(model.hyperparameters AS VARCHAR) AS hyperparameters,
    model.seed,
    model.fit_seconds,
    (SELECT count(*) FROM trial WHERE trial.model_id = model.id) AS trial_count,
    model.program_version,
    artifact.model_id IS NULL AS is_pruned,
    EXISTS (
        SELECT 1
        FROM model_batch
        INNER JOIN undone_batch ON undone_batch.batch_id = model_batch.batch_id
        WHERE model_batch.model_id = model.id
    ) AS saw_undone
FROM model
LEFT JOIN artifact ON artifact.model_id = model.id
ORDER BY model.id DESC;
