//! The history of models and of the champion.

use duckdb::{Connection, OptionalExt, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::rows::{json_of, micros_of, time_at};
use super::{LiveAccuracy, Store, StoreError};
use crate::learning::evaluation::Metrics;
use crate::learning::evaluation::SegmentMetrics;
use crate::learning::evaluation::{Calibration, WeightClass};

/// A trained model that is to be stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewModel {
    /// Name of its family.
    pub family: String,
    /// The model itself, in its family's format.
    #[serde(with = "serde_bytes")]
    pub artifact: Vec<u8>,
    /// Names of the columns that it sees, in order.
    pub features: Vec<String>,
    /// Name of what it learnt.
    pub target: String,
    /// Its settings.
    pub hyperparameters: Map<String, Value>,
    /// What decided every random choice.
    pub seed: u64,
    /// Number of sales that it was fitted to.
    pub train_rows: i64,
    /// Number of sales that judged it.
    pub holdout_rows: i64,
    /// How far it is off on the holdout.
    pub metrics: Metrics,
    /// Tuning and fitting together, in seconds.
    pub fit_seconds: f64,
    /// Pricing the holdout, in seconds.
    pub evaluate_seconds: f64,
    /// The range around its prices, if there is one.
    pub calibration: Option<Calibration>,
    /// How far it is off on parts of the holdout.
    pub segments: Vec<SegmentMetrics>,
    /// The sales that it is furthest off on, the worst first.
    pub worst_residuals: Vec<WorstResidual>,
    /// The batches that its dataset came from.
    pub lineage: Vec<Lineage>,
    /// What was tried on the way.
    pub trials: Vec<TrialRecord>,
}

/// Which of several new models becomes the champion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPromotion {
    /// Its index among the new models.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// What became of new models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// They are stored under these numbers.
    Under(Vec<i64>),
    /// Nothing is stored, because this is the champion now.
    ChampionIsNow(Option<i64>),
}

/// A sale that a model is far off on: it may be a typing error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorstResidual {
    /// The batch that brought it.
    pub batch: i64,
    /// Its line in the batch's file.
    pub line: i64,
    /// What it fetched, in US dollars.
    pub price_usd: f64,
    /// What the model says, in US dollars.
    pub predicted_usd: f64,
    /// Whether the model was judged by it rather than fitted to it.
    pub held_out: bool,
    /// What it was, in words; absent if the sale has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stone: Option<String>,
}

/// A model whose bytes are let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedModel {
    /// Its number.
    pub id: i64,
    /// How many bytes it had.
    pub bytes: i64,
}

/// A part of a model's dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lineage {
    /// The batch.
    pub batch: i64,
    /// How many of its sales were in the dataset.
    pub rows: i64,
    /// Whether they were taken back since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// One setting that was tried while a model was tuned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrialRecord {
    /// What was tried.
    #[schema(value_type = Object)]
    pub hyperparameters: Map<String, Value>,
    /// Mean absolute error on the tuning split, in US dollars.
    pub mae_usd: f64,
    /// Whether it was given up early.
    pub pruned: bool,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
}

/// A stored model, without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelRecord {
    /// Number of the model, from 1.
    pub id: i64,
    /// Name of its family.
    pub family: String,
    /// Whether it is the one that answers now.
    pub champion: bool,
    /// When it was trained.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// How far it was off on the holdout of its day.
    pub metrics: Metrics,
    /// Sales in the file when it was trained.
    pub dataset: DatasetSize,
    /// Name of what it learnt.
    pub target: String,
    /// Names of the columns that it sees, in order.
    pub features: Vec<String>,
    /// Its settings.
    #[schema(value_type = Object)]
    pub hyperparameters: Map<String, Value>,
    /// What decided every random choice.
    pub seed: u64,
    /// Tuning and fitting together, in seconds.
    pub fit_seconds: f64,
    /// How many settings were tried.
    pub trials: i64,
    /// Version of the program that trained it.
    pub program_version: String,
    /// Whether its bytes are gone: then it answers no more.
    #[serde(default)]
    pub pruned: bool,
    /// Whether it saw sales that were taken back since.
    #[serde(default)]
    pub saw_undone: bool,
}

/// A stored model with its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelDetail {
    /// The model itself.
    #[serde(flatten)]
    pub record: ModelRecord,
    /// The range around its prices, if there is one.
    pub calibration: Option<Calibration>,
    /// How far it was off on parts of the holdout of its day.
    pub segments: Vec<SegmentMetrics>,
    /// The sales that it was furthest off on, the worst first.
    #[serde(rename = "most_wrong")]
    pub worst_residuals: Vec<WorstResidual>,
    /// How far it was off on stones that it priced and whose outcome is known; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveAccuracy>,
    /// The batches that its dataset came from.
    pub lineage: Vec<Lineage>,
    /// When it became the champion, newest first.
    pub promotions: Vec<Promotion>,
    /// Every setting that was tried when it was tuned, in order.
    pub tuning: Vec<TrialRecord>,
}

/// How many sales a model had to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetSize {
    /// All of them.
    pub rows: i64,
    /// Those that it was fitted to.
    pub train: i64,
    /// Those that judged it.
    pub holdout: i64,
}

/// One time that a model became the champion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Promotion {
    /// The model.
    pub model: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Why.
    pub reason: String,
}

impl ModelRecord {
    /// What there is to know besides its figures, in words.
    #[must_use]
    pub fn marks(&self) -> Vec<&'static str> {
        let marks =
            [(self.champion, "champion"), (self.pruned, "pruned"), (self.saw_undone, "saw sales that were taken back")];
        marks.into_iter().filter_map(|(is_so, mark)| is_so.then_some(mark)).collect()
    }
}

impl ModelDetail {
    /// Trials that a card of the model shows.
    const TRIALS_SHOWN: usize = 5;

    /// The trials that erred least, the best first, each with its number from 1.
    #[must_use]
    pub fn best_trials(&self) -> Vec<(usize, &TrialRecord)> {
        let mut best: Vec<_> = (1..).zip(&self.tuning).collect();
        best.sort_by(|(_, a), (_, b)| a.mae_usd.total_cmp(&b.mae_usd));
        best.truncate(Self::TRIALS_SHOWN);
        best
    }

    /// How many trials were given up early.
    #[must_use]
    pub fn pruned_trials(&self) -> usize {
        self.tuning.iter().filter(|trial| trial.pruned).count()
    }
}

impl Store {
    /// Stores `models`, and makes one of them the champion if `promotion` says so, in one transaction. Stores nothing if
    /// the champion is not `compared_with`: somebody else was quicker, and the comparison must be made again.
    ///
    /// # Errors
    /// If the engine fails; then nothing is stored.
    pub fn add_models(
        &mut self,
        models: &[NewModel],
        promotion: Option<&NewPromotion>,
        compared_with: Option<i64>,
    ) -> Result<Stored, StoreError> {
        let storing = || StoreError::database("store the models");
        let transaction = self.connection.transaction().map_err(storing())?;
        let champion = read_champion(&transaction)?;
        if champion != compared_with {
            return Ok(Stored::ChampionIsNow(champion));
        }
        let first: i64 = transaction
            .query_row(include_str!("../../sql/queries/model/next_model_id.sql"), [], |row| row.get(0))
            .map_err(storing())?;
        let ids: Vec<i64> = (first..).take(models.len()).collect();
        for (id, model) in ids.iter().zip(models) {
            insert_model(&transaction, *id, model)?;
        }
        if let Some(promotion) = promotion {
            insert_promotion(&transaction, ids[promotion.index], &promotion.reason)?;
        }
        transaction.commit().map_err(storing())?;
        Ok(Stored::Under(ids))
    }

    /// Makes model `id` the champion.
    ///
    /// # Errors
    /// If there is none of that number, or it is the champion already.
    pub fn promote(&mut self, id: i64, reason: &str) -> Result<(), StoreError> {
        self.model_artifact(id)?;
        if self.champion()? == Some(id) {
            return Err(StoreError::IsChampion { id });
        }
        insert_promotion(&self.connection, id, reason)
    }

    /// Number of the model that [`Store::roll_back`] would make the champion.
    ///
    /// # Errors
    /// If there is none.
    pub fn champion_before(&self) -> Result<i64, StoreError> {
        find_rollback(&self.connection).map(|(_, id)| id)
    }

    /// Takes the last promotion back, and at the next call the one before it: makes the model that was the champion before
    /// it the champion again, and gives its number.
    ///
    /// # Errors
    /// If there was none before it.
    pub fn roll_back(&mut self) -> Result<i64, StoreError> {
        let rolling_back = || StoreError::database("roll the champion back");
        let champion = self.champion()?.ok_or(StoreError::NoEarlierChampion)?;
        let transaction = self.connection.transaction().map_err(rolling_back())?;
        let (restores, id) = find_rollback(&transaction)?;
        insert_promotion(&transaction, id, &format!("rolled back from model {champion}"))?;
        transaction
            .execute(include_str!("../../sql/queries/champion/insert_rollback.sql"), params![restores])
            .map_err(rolling_back())?;
        transaction.commit().map_err(rolling_back())?;
        Ok(id)
    }

    /// Every model, newest first.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn models(&self) -> Result<Vec<ModelRecord>, StoreError> {
        let listing = || StoreError::database("list the models");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/model/list_models.sql")).map_err(listing())?;
        let mut rows = statement.query([]).map_err(listing())?;
        let mut models = Vec::new();
        while let Some(row) = rows.next().map_err(listing())? {
            let text = |column: usize| row.get::<_, String>(column).map_err(listing());
            models.push(ModelRecord {
                id: row.get(0).map_err(listing())?,
                family: text(1)?,
                champion: row.get(2).map_err(listing())?,
                time: time_at(row, 3).map_err(listing())?,
                metrics: read_metrics(row, 4).map_err(listing())?,
                dataset: DatasetSize {
                    rows: row.get(8).map_err(listing())?,
                    train: row.get(9).map_err(listing())?,
                    holdout: row.get(10).map_err(listing())?,
                },
                target: text(11)?,
                features: json_of(&text(12)?, "features of a model")?,
                hyperparameters: json_of(&text(13)?, "settings of a model")?,
                seed: row.get(14).map_err(listing())?,
                fit_seconds: row.get(15).map_err(listing())?,
                trials: row.get(16).map_err(listing())?,
                program_version: text(17)?,
                pruned: row.get(18).map_err(listing())?,
                saw_undone: row.get(19).map_err(listing())?,
            });
        }
        Ok(models)
    }

    /// One model with its history.
    ///
    /// # Errors
    /// If there is none of that number.
    pub fn model(&self, id: i64) -> Result<ModelDetail, StoreError> {
        let record = self.models()?.into_iter().find(|model| model.id == id).ok_or_else(|| no_model(id))?;
        Ok(ModelDetail {
            record,
            calibration: self.calibration(id)?,
            segments: self.segments(id)?,
            worst_residuals: self.worst_residuals(id)?,
            live: self.live_accuracy()?.into_iter().find(|live| live.model == id),
            lineage: self.lineage(id)?,
            promotions: self.promotions(Some(id))?,
            tuning: self.trials(id)?,
        })
    }

    /// Lets the bytes of old models go, and gives what is gone: of all but the `keep` newest, the champion, the one that a
    /// rollback would bring back, and the newest of each family. Their history stays. A dry run changes nothing.
    ///
    /// # Errors
    /// If the engine fails; then nothing is gone.
    pub fn prune_models(&mut self, keep: u32, dry_run: bool) -> Result<Vec<PrunedModel>, StoreError> {
        let pruning = || StoreError::database("prune the models");
        let transaction = self.connection.transaction().map_err(pruning())?;
        let before = match find_rollback(&transaction) {
            Ok((_, id)) => Some(id),
            Err(StoreError::NoEarlierChampion) => None,
            Err(error) => return Err(error),
        };
        let mut statement =
            transaction.prepare(include_str!("../../sql/queries/artifact/list_prunable.sql")).map_err(pruning())?;
        let rows = statement
            .query_map(params![keep, before], |row| Ok(PrunedModel { id: row.get(0)?, bytes: row.get(1)? }))
            .map_err(pruning())?;
        let gone: Vec<PrunedModel> = rows.collect::<Result<_, _>>().map_err(pruning())?;
        drop(statement);
        if !dry_run {
            for model in &gone {
                transaction
                    .execute(include_str!("../../sql/queries/artifact/delete_artifact.sql"), params![model.id])
                    .map_err(pruning())?;
            }
            transaction.commit().map_err(pruning())?;
        }
        Ok(gone)
    }

    /// The bytes of a model, and the name of its family.
    ///
    /// # Errors
    /// If there is none of that number.
    pub fn model_artifact(&self, id: i64) -> Result<(String, Vec<u8>), StoreError> {
        read_artifact(&self.connection, id)
    }

    /// Number of the champion, if there is one.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn champion(&self) -> Result<Option<i64>, StoreError> {
        read_champion(&self.connection)
    }

    /// The range around the prices of a model; `None` if it has none: its holdout was too small, or its program too old.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn calibration(&self, model: i64) -> Result<Option<Calibration>, StoreError> {
        let reading = || StoreError::database("read the range of a model");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/model/read_calibration.sql")).map_err(reading())?;
        let classes = statement
            .query_map(params![model], |row| {
                Ok(WeightClass { from_carat: row.get(0)?, rows: row.get(1)?, log_half_width: row.get(2)? })
            })
            .map_err(reading())?;
        let classes: Vec<WeightClass> = classes.collect::<Result<_, _>>().map_err(reading())?;
        Ok((!classes.is_empty()).then_some(Calibration { classes }))
    }

    /// How far a model was off on parts of its holdout.
    fn segments(&self, model: i64) -> Result<Vec<SegmentMetrics>, StoreError> {
        let reading = || StoreError::database("read the segments of a model");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/model/list_segments.sql")).map_err(reading())?;
        let rows = statement
            .query_map(params![model], |row| {
                Ok(SegmentMetrics {
                    feature: row.get(0)?,
                    segment: row.get(1)?,
                    rows: row.get(2)?,
                    mae_usd: row.get(3)?,
                    mape: row.get(4)?,
                    bias: row.get(5)?,
                })
            })
            .map_err(reading())?;
        rows.collect::<Result<_, _>>().map_err(reading())
    }

    /// The sales that a model was furthest off on.
    fn worst_residuals(&self, model: i64) -> Result<Vec<WorstResidual>, StoreError> {
        let reading = || StoreError::database("read what a model was furthest off on");
        let mut statement = self
            .connection
            .prepare(include_str!("../../sql/queries/model/list_worst_residuals.sql"))
            .map_err(reading())?;
        let rows = statement
            .query_map(params![model], |row| {
                Ok(WorstResidual {
                    batch: row.get(0)?,
                    line: row.get(1)?,
                    price_usd: row.get(2)?,
                    predicted_usd: row.get(3)?,
                    held_out: row.get(4)?,
                    stone: row.get(5)?,
                })
            })
            .map_err(reading())?;
        rows.collect::<Result<_, _>>().map_err(reading())
    }

    /// What a model was trained on.
    fn lineage(&self, model: i64) -> Result<Vec<Lineage>, StoreError> {
        let reading = || StoreError::database("read what a model was trained on");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/model/list_lineage.sql")).map_err(reading())?;
        let rows = statement
            .query_map(params![model], |row| Ok(Lineage { batch: row.get(0)?, rows: row.get(1)?, undone: row.get(2)? }))
            .map_err(reading())?;
        rows.collect::<Result<_, _>>().map_err(reading())
    }

    /// What was tried when a model was tuned, in order.
    fn trials(&self, model: i64) -> Result<Vec<TrialRecord>, StoreError> {
        let reading = || StoreError::database("read the trials of a model");
        let mut statement =
            self.connection.prepare(include_str!("../../sql/queries/model/list_trials.sql")).map_err(reading())?;
        let mut rows = statement.query(params![model]).map_err(reading())?;
        let mut trials = Vec::new();
        while let Some(row) = rows.next().map_err(reading())? {
            let text: String = row.get(0).map_err(reading())?;
            trials.push(TrialRecord {
                hyperparameters: json_of(&text, "settings of a trial")?,
                mae_usd: row.get(1).map_err(reading())?,
                pruned: row.get(2).map_err(reading())?,
                elapsed_ms: row.get(3).map_err(reading())?,
            });
        }
        Ok(trials)
    }

    /// When models became the champion, or only `model`, newest first.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn promotions(&self, model: Option<i64>) -> Result<Vec<Promotion>, StoreError> {
        let reading = || StoreError::database("read the history of the champion");
        let mut statement = self
            .connection
            .prepare(include_str!("../../sql/queries/champion/list_promotions.sql"))
            .map_err(reading())?;
        let rows = statement
            .query_map(params![model], |row| {
                Ok(Promotion { model: row.get(0)?, time: time_at(row, 1)?, reason: row.get(2)? })
            })
            .map_err(reading())?;
        rows.collect::<Result<_, _>>().map_err(reading())
    }
}

/// The family of a model and its bytes.
fn read_artifact(connection: &Connection, id: i64) -> Result<(String, Vec<u8>), StoreError> {
    let (family, content): (String, Option<Vec<u8>>) = connection
        .query_row(include_str!("../../sql/queries/artifact/read_model_artifact.sql"), params![id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(StoreError::database("read a model"))?
        .ok_or_else(|| no_model(id))?;
    content.map(|content| (family, content)).ok_or(StoreError::Pruned { id })
}

/// The promotion that a rollback restores, and its model.
fn find_rollback(connection: &Connection) -> Result<(i64, i64), StoreError> {
    connection
        .query_row(include_str!("../../sql/queries/champion/find_rollback.sql"), [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(StoreError::database("find the champion before"))?
        .ok_or(StoreError::NoEarlierChampion)
}

fn insert_promotion(connection: &Connection, id: i64, reason: &str) -> Result<(), StoreError> {
    connection
        .execute(
            include_str!("../../sql/queries/champion/insert_promotion.sql"),
            params![id, micros_of(Timestamp::now()), reason],
        )
        .map_err(StoreError::database("promote the model"))?;
    Ok(())
}

fn read_champion(connection: &Connection) -> Result<Option<i64>, StoreError> {
    connection
        .query_row(include_str!("../../sql/queries/champion/read_champion.sql"), [], |row| row.get(0))
        .optional()
        .map_err(StoreError::database("look up the champion"))
}

fn no_model(id: i64) -> StoreError {
    StoreError::NotFound { what: "model", id: id.to_string(), list: "models list" }
}

fn read_metrics(row: &duckdb::Row<'_>, first: usize) -> duckdb::Result<Metrics> {
    Ok(Metrics {
        r2: row.get(first)?,
        mae_usd: row.get(first + 1)?,
        rmse_usd: row.get(first + 2)?,
        mape: row.get(first + 3)?,
    })
}

fn insert_model(connection: &Connection, id: i64, model: &NewModel) -> Result<(), StoreError> {
    let storing = || StoreError::database("store a model");
    let features = Value::from(model.features.clone()).to_string();
    connection
        .execute(
            include_str!("../../sql/queries/model/insert_model.sql"),
            params![
                id,
                model.family,
                micros_of(Timestamp::now()),
                features,
                model.target,
                Value::Object(model.hyperparameters.clone()).to_string(),
                model.seed,
                model.train_rows,
                model.holdout_rows,
                model.metrics.r2,
                model.metrics.mae_usd,
                model.metrics.rmse_usd,
                model.metrics.mape,
                model.fit_seconds,
                model.evaluate_seconds,
                env!("CARGO_PKG_VERSION"),
            ],
        )
        .map_err(storing())?;
    connection
        .execute(include_str!("../../sql/queries/artifact/insert_artifact.sql"), params![id, model.artifact])
        .map_err(storing())?;
    for (position, one) in (0_i64..).zip(&model.segments) {
        connection
            .execute(
                include_str!("../../sql/queries/model/insert_segment.sql"),
                params![id, one.feature, one.segment, position, one.rows, one.mae_usd, one.mape, one.bias],
            )
            .map_err(storing())?;
    }
    for (position, one) in (0_i64..).zip(&model.worst_residuals) {
        connection
            .execute(
                include_str!("../../sql/queries/model/insert_worst_residual.sql"),
                params![id, position, one.batch, one.line, one.price_usd, one.predicted_usd, one.held_out],
            )
            .map_err(storing())?;
    }
    for part in &model.lineage {
        connection
            .execute(include_str!("../../sql/queries/model/insert_lineage.sql"), params![id, part.batch, part.rows])
            .map_err(storing())?;
    }
    for class in model.calibration.iter().flat_map(|calibration| &calibration.classes) {
        connection
            .execute(
                include_str!("../../sql/queries/model/insert_calibration.sql"),
                params![id, class.from_carat, class.rows, class.log_half_width],
            )
            .map_err(storing())?;
    }
    let mut insert = connection.prepare(include_str!("../../sql/queries/model/insert_trial.sql")).map_err(storing())?;
    for (number, trial) in (1_i64..).zip(&model.trials) {
        let hyperparameters = Value::Object(trial.hyperparameters.clone()).to_string();
        insert
            .execute(params![id, number, hyperparameters, trial.mae_usd, trial.pruned, trial.elapsed_ms])
            .map_err(storing())?;
    }
    Ok(())
}
