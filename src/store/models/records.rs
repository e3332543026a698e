//! The history of models: their data, their errors and their settings.

use duckdb::{Connection, Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::artifacts;
use super::champion::Promotion;
use crate::diamond::Told;
use crate::learning::evaluation::{
    Calibration, GradeSpread, Metrics, OrderCheck, OtherWidths, RangeClass, SegmentMetrics,
};
use crate::learning::price_level::SalesPeriod;
use crate::store::audit::record_event;
use crate::store::exchange::insert_origin;
use crate::store::rows::{JsonColumn, execute, query_row, query_rows, read_time, sql_time};
use crate::store::{LiveAccuracy, ModelOrigin, Store, StoreError};
use crate::words::marked;

/// A trained model, to be stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewModel {
    /// Name of its family.
    pub family: String,
    /// Its artifact.
    #[serde(with = "serde_bytes")]
    pub artifact: Vec<u8>,
    /// Its prices by the four Cs; empty if an earlier version trained it.
    #[serde(default, with = "serde_bytes")]
    pub four_cs_table: Vec<u8>,
    /// The summary of its dataset.
    #[serde(with = "serde_bytes")]
    pub dataset_summary: Vec<u8>,
    /// Names of its features, in order.
    pub features: Vec<String>,
    /// Name of its target.
    pub target: String,
    /// Its settings.
    pub hyperparameters: Map<String, Value>,
    /// Seed of every random choice.
    pub seed: u64,
    /// The days of its sales, if they are known.
    #[serde(default)]
    pub period: Option<SalesPeriod>,
    /// Number of sales that it was fitted to.
    pub train_rows: i64,
    /// Number of sales held out.
    pub holdout_rows: i64,
    /// Its errors on the holdout.
    pub metrics: Metrics,
    /// Time of tuning and fitting together, in seconds.
    pub fit_seconds: f64,
    /// Time of pricing the holdout, in seconds.
    pub evaluate_seconds: f64,
    /// The range around its prices, if there is one.
    pub calibration: Option<Calibration>,
    /// Its errors on segments of the holdout.
    pub segments: Vec<SegmentMetrics>,
    /// How often its price falls where a stone gets better.
    #[serde(default)]
    pub order_checks: Vec<OrderCheck>,
    /// The sales with the largest errors, the worst first.
    pub worst_residuals: Vec<WorstResidual>,
    /// The batches that its dataset came from.
    pub lineage: Vec<Lineage>,
    /// The trials of its tuning.
    pub trials: Vec<TrialRecord>,
    /// Where it was trained, if not here.
    #[serde(default)]
    pub origin: Option<ModelOrigin>,
}

/// A sale with a large error: it may have a typing error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorstResidual {
    /// The batch that brought it.
    pub batch: i64,
    /// Its line in the batch's file.
    pub line: i64,
    /// The price it fetched, in US dollars.
    pub price_usd: f64,
    /// The price that the model predicts, in US dollars.
    pub predicted_usd: f64,
    /// Whether the sale was held out rather than trained on.
    pub held_out: bool,
    /// The stone in words; absent if the sale has been removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stone: Option<String>,
}

/// A part of a model's dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lineage {
    /// The batch.
    pub batch: i64,
    /// How many of its sales were in the dataset.
    pub rows: i64,
    /// Whether they have been undone since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// A trial: one setting, evaluated during tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrialRecord {
    /// The setting.
    #[schema(value_type = Object)]
    pub hyperparameters: Map<String, Value>,
    /// Mean absolute error on the validation split, in US dollars.
    pub mae_usd: f64,
    /// Whether it was stopped early.
    pub pruned: bool,
    /// Its time, in milliseconds.
    pub elapsed_ms: f64,
}

/// A stored model, without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelRecord {
    /// Number of the model, from 1.
    pub id: i64,
    /// Name of its family.
    pub family: String,
    /// Whether it is the champion.
    pub champion: bool,
    /// When it was trained.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Its errors on the holdout at the time of training.
    pub metrics: Metrics,
    /// Sales in the file when it was trained.
    pub dataset: DatasetSize,
    /// Name of its target.
    pub target: String,
    /// Names of its features, in order.
    pub features: Vec<String>,
    /// Its settings.
    #[schema(value_type = Object)]
    pub hyperparameters: Map<String, Value>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Time of tuning and fitting together, in seconds.
    pub fit_seconds: f64,
    /// Number of trials.
    pub trials: i64,
    /// Version of the program that trained it.
    pub program_version: String,
    /// Whether its bytes are deleted: then it cannot answer.
    #[serde(default)]
    pub pruned: bool,
    /// Whether it was trained on sales that have been undone since.
    #[serde(default)]
    pub saw_undone: bool,
}

/// A stored model with its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelDetail {
    /// The model itself.
    #[serde(flatten)]
    pub record: ModelRecord,
    /// Where it was trained; absent if it was here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<ModelOrigin>,
    /// By what share its prices are higher than it was trained to say, because somebody corrected it; absent if nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<f64>,
    /// The days of its sales, and how prices drifted in them; absent if the days are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<SalesPeriod>,
    /// The range around its prices, if there is one.
    pub calibration: Option<Calibration>,
    /// Its errors on segments of the holdout at the time of training.
    pub segments: Vec<SegmentMetrics>,
    /// How often its price falls where a stone of the holdout gets better; a better colour or clarity never costs less.
    #[serde(default)]
    pub order_checks: Vec<OrderCheck>,
    /// The sales with the largest errors, the worst first.
    #[serde(rename = "most_wrong")]
    pub worst_residuals: Vec<WorstResidual>,
    /// Its errors on stones that it priced and whose outcome is recorded; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveAccuracy>,
    /// The batches that its dataset came from.
    pub lineage: Vec<Lineage>,
    /// When it became the champion, newest first.
    pub promotions: Vec<Promotion>,
    /// The trials of its tuning, in order.
    pub tuning: Vec<TrialRecord>,
}

/// Numbers of sales in a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetSize {
    /// All of them.
    pub rows: i64,
    /// Those the model was fitted to.
    pub train: i64,
    /// Those held out.
    pub holdout: i64,
}

impl ModelRecord {
    /// Hints besides the figures, in words.
    #[must_use]
    pub fn marks(&self) -> Vec<&'static str> {
        let marks = [
            (self.champion, marked("champion")),
            (self.pruned, marked("pruned")),
            (self.saw_undone, marked("trained on undone sales")),
        ];
        marks.into_iter().filter_map(|(is_so, mark)| is_so.then_some(mark)).collect()
    }
}

impl ModelDetail {
    /// How many trials a card of the model shows.
    const TRIALS_SHOWN: usize = 5;

    /// The trials with the least errors, the best first, each with its number from 1.
    #[must_use]
    pub fn best_trials(&self) -> Vec<(usize, &TrialRecord)> {
        let mut best: Vec<_> = (1..).zip(&self.tuning).collect();
        best.sort_by(|(_, a), (_, b)| a.mae_usd.total_cmp(&b.mae_usd));
        best.truncate(Self::TRIALS_SHOWN);
        best
    }

    /// How many trials were stopped early.
    #[must_use]
    pub fn pruned_trials(&self) -> usize {
        self.tuning.iter().filter(|trial| trial.pruned).count()
    }
}

impl Store {
    /// Stores `model`, and returns its number.
    ///
    /// # Errors
    /// If the database fails; then nothing is stored.
    pub fn add_model(&mut self, model: &NewModel) -> Result<i64, StoreError> {
        const ACTION: &str = "store a model";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../../sql/queries/model/next_model_id.sql");
        let id: i64 = query_row(&transaction, ACTION, sql, [], |row| row.get("id"))?;
        insert_model(&transaction, id, model)?;
        record_event(&transaction, &self.actor, "add model", &format!("model {id}"))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(id)
    }

    /// Every model, newest first.
    pub fn models(&self) -> Result<Vec<ModelRecord>, StoreError> {
        let sql = include_str!("../../../sql/queries/model/list_models.sql");
        query_rows(&self.connection, "list the models", sql, [], read_model)
    }

    /// One model with its history.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn model(&self, id: i64) -> Result<ModelDetail, StoreError> {
        let record = self.models()?.into_iter().find(|model| model.id == id).ok_or_else(|| StoreError::no_model(id))?;
        Ok(ModelDetail {
            record,
            origin: self.model_origin(id)?,
            corrected_by: Some(self.level_correction(id)?).filter(|share| share.abs() > 0.0),
            period: self.sales_period(id)?,
            calibration: self.calibration(id)?,
            segments: self.segments(id)?,
            order_checks: self.order_checks(id)?,
            worst_residuals: self.worst_residuals(id)?,
            live: self.live_accuracy()?.into_iter().find(|live| live.model == id),
            lineage: self.lineage(id)?,
            promotions: self.promotions(Some(id))?,
            tuning: self.trials(id)?,
        })
    }

    /// The days of the sales that a model learnt, if they are known.
    pub fn sales_period(&self, model: i64) -> Result<Option<SalesPeriod>, StoreError> {
        let sql = include_str!("../../../sql/queries/model/read_sales_period.sql");
        let days = query_rows(&self.connection, "read the period of a model", sql, params![model], |row| {
            let days: (String, String) = (row.get("sold_from")?, row.get("sold_until")?);
            Ok((days, row.get("half_life_days")?, row.get("level_change")?))
        })?;
        Ok(days.into_iter().next().and_then(|((from, until), half_life_days, level_change)| {
            Some(SalesPeriod { from: from.parse().ok()?, until: until.parse().ok()?, half_life_days, level_change })
        }))
    }

    /// The range around the prices of a model; `None` if its holdout was too small, or it was trained by an early version.
    pub fn calibration(&self, model: i64) -> Result<Option<Calibration>, StoreError> {
        const ACTION: &str = "read the range of a model";
        let sql = include_str!("../../../sql/queries/model/read_calibration.sql");
        let classes: Vec<RangeClass> = query_rows(&self.connection, ACTION, sql, params![model], |row| {
            let others = (
                row.get("log_half_width_50")?,
                row.get("log_half_width_80")?,
                row.get("log_half_width_95")?,
                row.get("held")?,
            );
            Ok(RangeClass {
                told: read_told(row)?,
                from_carat: row.get("from_carat")?,
                rows: row.get("row_count")?,
                log_half_width: row.get("log_half_width")?,
                others: match others {
                    (Some(half), Some(eighty), Some(ninety_five), Some(held)) => {
                        Some(OtherWidths { half, eighty, ninety_five, held })
                    }
                    _ => None,
                },
            })
        })?;
        let sql = include_str!("../../../sql/queries/model/list_grade_spreads.sql");
        let spreads = query_rows(&self.connection, ACTION, sql, params![model], |row| {
            let (scale, rank, factor) = (row.get("scale")?, row.get("rank")?, row.get("factor")?);
            Ok(GradeSpread { told: read_told(row)?, scale, rank, factor })
        })?;
        Ok((!classes.is_empty()).then_some(Calibration { classes, spreads }))
    }

    fn order_checks(&self, model: i64) -> Result<Vec<OrderCheck>, StoreError> {
        let sql = include_str!("../../../sql/queries/model/list_order_checks.sql");
        query_rows(&self.connection, "read what a model was checked for", sql, params![model], |row| {
            Ok(OrderCheck {
                change: row.get("change")?,
                asked: row.get("asked")?,
                fell: row.get("fell")?,
                worst_share: row.get("worst_share")?,
            })
        })
    }

    /// The errors of a model on segments of its holdout.
    fn segments(&self, model: i64) -> Result<Vec<SegmentMetrics>, StoreError> {
        query_rows(
            &self.connection,
            "read the segments of a model",
            include_str!("../../../sql/queries/model/list_segments.sql"),
            params![model],
            |row| {
                Ok(SegmentMetrics {
                    feature: row.get("feature")?,
                    segment: row.get("segment")?,
                    rows: row.get("row_count")?,
                    mae_usd: row.get("mae_usd")?,
                    mape: row.get("mape")?,
                    bias: row.get("bias")?,
                })
            },
        )
    }

    /// The sales with the largest errors of a model.
    fn worst_residuals(&self, model: i64) -> Result<Vec<WorstResidual>, StoreError> {
        query_rows(
            &self.connection,
            "read the worst residuals of a model",
            include_str!("../../../sql/queries/model/list_worst_residuals.sql"),
            params![model],
            |row| {
                Ok(WorstResidual {
                    batch: row.get("batch_id")?,
                    line: row.get("line_number")?,
                    price_usd: row.get("price_usd")?,
                    predicted_usd: row.get("predicted_usd")?,
                    held_out: row.get("held_out")?,
                    stone: row.get("stone")?,
                })
            },
        )
    }

    /// The batches that a model was trained on.
    fn lineage(&self, model: i64) -> Result<Vec<Lineage>, StoreError> {
        query_rows(
            &self.connection,
            "read what a model was trained on",
            include_str!("../../../sql/queries/model/list_lineage.sql"),
            params![model],
            |row| {
                Ok(Lineage { batch: row.get("batch_id")?, rows: row.get("row_count")?, undone: row.get("is_undone")? })
            },
        )
    }

    /// The trials of a model's tuning, in order.
    fn trials(&self, model: i64) -> Result<Vec<TrialRecord>, StoreError> {
        query_rows(
            &self.connection,
            "read the trials of a model",
            include_str!("../../../sql/queries/model/list_trials.sql"),
            params![model],
            |row| {
                Ok(TrialRecord {
                    hyperparameters: row.get::<_, JsonColumn<_>>("hyperparameters")?.0,
                    mae_usd: row.get("mae_usd")?,
                    pruned: row.get("pruned")?,
                    elapsed_ms: row.get("elapsed_ms")?,
                })
            },
        )
    }
}

fn read_told(row: &Row<'_>) -> duckdb::Result<Told> {
    Ok(Told::from_name(&row.get::<_, String>("told")?).unwrap_or_default())
}

fn read_model(row: &Row<'_>) -> duckdb::Result<ModelRecord> {
    Ok(ModelRecord {
        id: row.get("id")?,
        family: row.get("family")?,
        champion: row.get("is_champion")?,
        time: read_time(row, "trained_at")?,
        metrics: Metrics {
            r2: row.get("r2")?,
            mae_usd: row.get("mae_usd")?,
            rmse_usd: row.get("rmse_usd")?,
            mape: row.get("mape")?,
        },
        dataset: DatasetSize {
            rows: row.get("dataset_rows")?,
            train: row.get("train_rows")?,
            holdout: row.get("holdout_rows")?,
        },
        target: row.get("target")?,
        features: row.get::<_, JsonColumn<_>>("features")?.0,
        hyperparameters: row.get::<_, JsonColumn<_>>("hyperparameters")?.0,
        seed: row.get("seed")?,
        fit_seconds: row.get("fit_seconds")?,
        trials: row.get("trial_count")?,
        program_version: row.get("program_version")?,
        pruned: row.get("is_pruned")?,
        saw_undone: row.get("saw_undone")?,
    })
}

fn insert_model(connection: &Connection, id: i64, model: &NewModel) -> Result<(), StoreError> {
    const ACTION: &str = "store a model";
    execute(
        connection,
        ACTION,
        include_str!("../../../sql/queries/model/insert_model.sql"),
        params![
            id,
            model.family,
            sql_time(Timestamp::now()),
            Value::from(model.features.clone()).to_string(),
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
    )?;
    artifacts::insert_artifact(connection, id, &model.artifact)?;
    if !model.four_cs_table.is_empty() {
        artifacts::insert_four_cs_table(connection, id, &model.four_cs_table)?;
    }
    artifacts::insert_dataset_summary(connection, id, &model.dataset_summary)?;
    if let Some(SalesPeriod { from, until, half_life_days, level_change }) = &model.period {
        let sql = include_str!("../../../sql/queries/model/insert_sales_period.sql");
        let values = params![id, from.to_string(), until.to_string(), half_life_days, level_change];
        execute(connection, ACTION, sql, values)?;
    }
    if let Some(origin) = &model.origin {
        insert_origin(connection, id, origin)?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_segment.sql");
    for (position, one) in (0_i64..).zip(&model.segments) {
        let values = params![id, one.feature, one.segment, position, one.rows, one.mae_usd, one.mape, one.bias];
        execute(connection, ACTION, sql, values)?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_worst_residual.sql");
    for (position, one) in (0_i64..).zip(&model.worst_residuals) {
        let values = params![id, position, one.batch, one.line, one.price_usd, one.predicted_usd, one.held_out];
        execute(connection, ACTION, sql, values)?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_lineage.sql");
    for part in &model.lineage {
        execute(connection, ACTION, sql, params![id, part.batch, part.rows])?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_calibration.sql");
    for class in model.calibration.iter().flat_map(|calibration| &calibration.classes) {
        let others = class.others;
        let values = params![
            id,
            class.told.name(),
            class.from_carat,
            class.rows,
            class.log_half_width,
            others.map(|others| others.half),
            others.map(|others| others.eighty),
            others.map(|others| others.ninety_five),
            others.map(|others| others.held),
        ];
        execute(connection, ACTION, sql, values)?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_grade_spread.sql");
    for spread in model.calibration.iter().flat_map(|calibration| &calibration.spreads) {
        execute(connection, ACTION, sql, params![id, spread.told.name(), spread.scale, spread.rank, spread.factor])?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_order_check.sql");
    for (position, one) in (0_i64..).zip(&model.order_checks) {
        execute(connection, ACTION, sql, params![id, position, one.change, one.asked, one.fell, one.worst_share])?;
    }
    let sql = include_str!("../../../sql/queries/model/insert_trial.sql");
    for (number, trial) in (1_i64..).zip(&model.trials) {
        let hyperparameters = Value::Object(trial.hyperparameters.clone()).to_string();
        let values = params![id, number, hyperparameters, trial.mae_usd, trial.pruned, trial.elapsed_ms];
        execute(connection, ACTION, sql, values)?;
    }
    Ok(())
}
