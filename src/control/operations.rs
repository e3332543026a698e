//! Everything that commands ask of the file.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{FileOwner, Operation};
use crate::diamond::StoneDescription;
use crate::monitoring::{PricedStone, Replay, Status};
use crate::pricing::{PricingError, Quote, ServedModel, SimilarStones};
use crate::store::{
    Batch, BatchDetail, Dataset, FileReport, LoggedRequest, ModelDetail, ModelRecord, NewModel, NewPromotion,
    OutcomeSales, PrunedModel, RecordedOutcome, RequestFilter, Stored, Table, UndoneBatch, Upload,
};

/// Declares operations that only pass the store something and give what it gives.
macro_rules! store_operations {
    ($($(#[$doc:meta])* $name:ident $path:literal { $($field:ident: $type:ty),* } -> $answer:ty = $call:expr;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize, Deserialize)]
            pub struct $name {
                $(
                    #[doc = concat!("See [`Store`](crate::store::Store): its argument `", stringify!($field), "`.")]
                    pub $field: $type,
                )*
            }

            impl Operation for $name {
                type Answer = $answer;
                const NAME: &'static str = $path;

                fn run(self, owner: &mut FileOwner<'_>) -> Result<$answer, PricingError> {
                    let call: fn(Self, &mut FileOwner<'_>) -> Result<$answer, crate::store::StoreError> = $call;
                    Ok(call(self, owner)?)
                }
            }
        )+
    };
}

store_operations! {
    /// Every ingested file, newest first.
    ListBatches "batches" {} -> Vec<Batch> = |_, owner| owner.store.batches();
    /// One ingested file with its rejected rows.
    ShowBatch "batch" { id: i64 } -> BatchDetail = |this, owner| owner.store.batch(this.id);
    /// Every model, newest first.
    ListModels "models" {} -> Vec<ModelRecord> = |_, owner| owner.store.models();
    /// One model with its history.
    ShowModel "model" { id: i64 } -> ModelDetail = |this, owner| owner.store.model(this.id);
    /// Requests of the log, newest first.
    ListRequests "requests" { filter: RequestFilter } -> Vec<LoggedRequest> =
        |this, owner| owner.store.requests(&this.filter);
    /// One request with its bodies.
    ShowRequest "request" { id: Uuid } -> LoggedRequest = |this, owner| owner.store.request(this.id);
    /// Outcomes, the last told first.
    ListOutcomes "outcomes" { limit: u32 } -> Vec<RecordedOutcome> = |this, owner| owner.store.outcomes(this.limit);
    /// What a query answers.
    RunQuery "query" { sql: String } -> Table = |this, owner| owner.store.query(&this.sql);
    /// All that a model is trained on.
    ReadDataset "dataset" {} -> Dataset = |_, owner| owner.store.dataset();
    /// Number of the champion.
    ReadChampion "champion" {} -> Option<i64> = |_, owner| owner.store.champion();
    /// A copy of the file, consistent in itself, at a path that the owner can reach.
    Backup "backup" { to: PathBuf } -> u64 = |this, owner| owner.store.backup(&this.to);
}

/// What a priced stone fetched, as a line of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRow {
    /// The line, from 1.
    pub line: u64,
    /// The prediction.
    pub prediction: Uuid,
    /// What the stone really fetched, in US dollars.
    pub price_usd: f64,
}

/// Records what priced stones fetched, all or none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportOutcomes {
    /// Name of the file that says so.
    pub file: String,
    /// Its rows.
    pub rows: Vec<OutcomeRow>,
}

impl Operation for ImportOutcomes {
    type Answer = ();
    const NAME: &'static str = "import-outcomes";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<(), PricingError> {
        let mut outcomes = Vec::with_capacity(self.rows.len());
        let mut mistakes = Vec::new();
        for row in &self.rows {
            let logged = owner.store.request_of_prediction(row.prediction)?;
            let asked =
                logged.iter().flat_map(PricedStone::in_request).find(|asked| asked.prediction.id == row.prediction);
            match asked {
                Some(asked) => outcomes.push(asked.fetched(row.price_usd)),
                None => mistakes.push(format!("line {}: there is no prediction {}", row.line, row.prediction)),
            }
        }
        if mistakes.is_empty() {
            return Ok(owner.store.record_outcomes(&outcomes)?);
        }
        Err(PricingError::UnknownPredictions { name: self.file, mistakes })
    }
}

/// Makes outcomes sales.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IngestOutcomes {
    /// Whether to change nothing.
    pub dry_run: bool,
}

/// What became of outcomes that were to be sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestOutcomesAnswer {
    /// What became of those of which every measurement was given; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<FileReport>,
    /// How many stay outcomes because a measurement is missing.
    pub unmeasured: i64,
}

impl Operation for IngestOutcomes {
    type Answer = IngestOutcomesAnswer;
    const NAME: &'static str = "ingest-outcomes";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<IngestOutcomesAnswer, PricingError> {
        let OutcomeSales { upload, unmeasured, .. } = owner.store.outcomes_as_sales()?;
        let report = upload.map(|upload| owner.store.ingest(&upload, self.dry_run)).transpose()?;
        Ok(IngestOutcomesAnswer { report, unmeasured })
    }
}

/// Takes the sales of a batch out again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UndoBatch {
    /// Number of the batch.
    pub id: i64,
}

impl Operation for UndoBatch {
    type Answer = UndoneBatch;
    const NAME: &'static str = "undo-batch";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<UndoneBatch, PricingError> {
        Ok(owner.store.undo_batch(self.id)?)
    }
}

/// Lets the bytes of old models go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PruneModels {
    /// How many of the newest to keep.
    pub keep: u32,
    /// Whether to change nothing.
    pub dry_run: bool,
}

impl Operation for PruneModels {
    type Answer = Vec<PrunedModel>;
    const NAME: &'static str = "prune-models";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Self::Answer, PricingError> {
        Ok(owner.store.prune_models(self.keep, self.dry_run)?)
    }
}

/// The bytes of a model, and the name of its family.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadArtifact {
    /// Number of the model.
    pub id: i64,
}

impl Operation for ReadArtifact {
    type Answer = (String, serde_bytes::ByteBuf);
    const NAME: &'static str = "artifact";

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Self::Answer, PricingError> {
        let (family, artifact) = owner.store.model_artifact(self.id)?;
        Ok((family, serde_bytes::ByteBuf::from(artifact)))
    }
}

/// Adds the sales of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ingest {
    /// The file, whole.
    pub upload: Upload,
    /// Whether to change nothing.
    pub dry_run: bool,
}

impl Operation for Ingest {
    type Answer = FileReport;
    const NAME: &'static str = "ingest";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<FileReport, PricingError> {
        Ok(owner.store.ingest(&self.upload, self.dry_run)?)
    }
}

/// Stores trained models, unless the champion that they were compared with is not the champion any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddModels {
    /// The models.
    pub models: Vec<NewModel>,
    /// Which of them becomes the champion, if any.
    pub promotion: Option<NewPromotion>,
    /// The champion that they were compared with.
    pub compared_with: Option<i64>,
}

/// What became of trained models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddModelsAnswer {
    /// They are stored under these numbers.
    Stored(Vec<i64>),
    /// Nothing is stored: this is the champion now. Compare with it and come again.
    ChampionIsNow(Option<i64>),
}

impl Operation for AddModels {
    type Answer = AddModelsAnswer;
    const NAME: &'static str = "add-models";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<AddModelsAnswer, PricingError> {
        let stored = owner.store.add_models(&self.models, self.promotion.as_ref(), self.compared_with)?;
        Ok(match stored {
            Stored::Under(ids) => AddModelsAnswer::Stored(ids),
            Stored::ChampionIsNow(id) => AddModelsAnswer::ChampionIsNow(id),
        })
    }
}

/// Makes a model the champion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromoteModel {
    /// Its number.
    pub id: i64,
    /// Why, for the history.
    pub reason: String,
}

impl Operation for PromoteModel {
    type Answer = ();
    const NAME: &'static str = "promote";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<(), PricingError> {
        // one that cannot be loaded would leave nobody to answer
        ServedModel::load(owner.store, self.id)?;
        Ok(owner.store.promote(self.id, &self.reason)?)
    }
}

/// Takes the last promotion back, and gives the number of the model that is the champion again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RollBackChampion {}

impl Operation for RollBackChampion {
    type Answer = i64;
    const NAME: &'static str = "roll-back";
    const CHANGES: bool = true;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<i64, PricingError> {
        ServedModel::load(owner.store, owner.store.champion_before()?)?;
        Ok(owner.store.roll_back()?)
    }
}

/// Prices a stone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Predict {
    /// The stone.
    pub stone: StoneDescription,
    /// Number or family of the model to ask; the champion if none.
    pub model: Option<String>,
    /// Whether to say why.
    pub explain: bool,
}

impl Operation for Predict {
    type Answer = Quote;
    const NAME: &'static str = "predict";

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Quote, PricingError> {
        let snapshot = owner.snapshot()?;
        let model = owner.model(&snapshot, self.model.as_deref())?;
        if self.explain { snapshot.explain(&self.stone, &model) } else { snapshot.quote(&self.stone, &model) }
    }
}

/// Prices stones that were asked about again, by another model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplayRequests {
    /// Number or family of the model.
    pub model: String,
    /// How many stones at most: the newest.
    pub limit: usize,
    /// Only those since then.
    pub since: Option<Timestamp>,
}

impl Operation for ReplayRequests {
    type Answer = Replay;
    const NAME: &'static str = "replay";

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Replay, PricingError> {
        let snapshot = owner.snapshot()?;
        let model = owner.model(&snapshot, Some(&self.model))?;
        let asked = PricedStone::newest(owner.store, self.limit, self.since)?;
        Ok(Replay::of(&asked, &model, &snapshot))
    }
}

/// How things stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadStatus {}

impl Operation for ReadStatus {
    type Answer = Status;
    const NAME: &'static str = "status";

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Status, PricingError> {
        let snapshot = owner.snapshot()?;
        Status::of(owner.store, &snapshot, Timestamp::now())
    }
}

/// Finds similar stones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindSimilar {
    /// The stone.
    pub stone: StoneDescription,
    /// How many to list.
    pub n: usize,
}

impl Operation for FindSimilar {
    type Answer = SimilarStones;
    const NAME: &'static str = "similar";

    fn run(self, owner: &mut FileOwner<'_>) -> Result<SimilarStones, PricingError> {
        let snapshot = owner.snapshot()?;
        if snapshot.champion().is_none() {
            return Err(PricingError::NoModel);
        }
        Ok(snapshot.similar().nearest(&self.stone, self.n))
    }
}
