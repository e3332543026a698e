//! Every operation that commands run on the file: one list, from which the server registers what it can run.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Access, FileOwner, Operation};
use crate::diamond::{DescribedStone, StoneDescription};
use crate::files::FileIdentity;
use crate::learning::evaluation::Confidence;
use crate::monitoring::{Replay, Status};
use crate::pricing::{
    Compared, KeptList, LAST_LIST, Prediction, PredictionOrigin, PriceList, PriceListWanted, PricingError, ServedModel,
    SimilarStones, Snapshot,
};
use crate::reading::ReadingOptions;
use crate::store::{
    ApiKey, AuditEvent, Batch, BatchDetail, Compaction, ComparedPromotion, ExportFormat, ExportedRequests,
    ExportedSales, FileReport, LogPeriod, LogTable, LoggedRequest, ModelDetail, ModelRecord, NewApiKey, NewModel,
    NewOutcome, NewParcel, NewQuote, OutcomeSales, PredictionSource, PrunedModel, PrunedRequests, QueryLimits,
    QuoteFilter, RecordedOutcome, Replica, RequestFilter, RequestPruning, SalesExport, Shop, StoreError,
    StoredArtifact, StoredQuote, Table, UndoneBatch, Upload,
};

/// Marks the operations of the list: an operation that is not in it does not compile.
pub trait Listed {}

/// Visits every operation.
pub trait OperationVisitor {
    /// Called for the operation `O`.
    fn visit<O: Operation>(&mut self);
}

macro_rules! list_operations {
    ($($operation:ident),+ $(,)?) => {
        $(impl Listed for $operation {})+

        /// Calls `visitor` for every operation.
        pub fn visit_operations(visitor: &mut impl OperationVisitor) {
            $(visitor.visit::<$operation>();)+
        }
    };
}

list_operations! {
    ListBatches,
    ShowBatch,
    UndoBatch,
    SeesFile,
    Ingest,
    SaveReading,
    ReadSavedReading,
    ListModels,
    ShowModel,
    PromoteModel,
    RollBackChampion,
    PruneModels,
    CorrectModel,
    ReadArtifact,
    ReadChampion,
    ExportSales,
    AddSalesExport,
    ReadSalesExport,
    ListDaysOfLog,
    ExportLog,
    AddModel,
    PromoteComparedModel,
    ListRequests,
    ShowRequest,
    ReplayRequests,
    ExportRequests,
    PruneRequests,
    CompactFile,
    AddQuote,
    AddParcel,
    ListQuotes,
    ShareQuote,
    ReadShop,
    SetShop,
    ListOutcomes,
    ImportOutcomes,
    IngestOutcomes,
    Predict,
    PredictMany,
    ReadPriceList,
    KeepPriceList,
    FindSimilar,
    ReadStatus,
    RunQuery,
    ReadReplica,
    ReadNode,
    ListKeys,
    AddKey,
    RevokeKey,
    ListAuditEvents,
    Backup,
}

/// Declares operations that only call a method of the store.
macro_rules! store_operations {
    ($($(#[$doc:meta])* $name:ident $path:literal $access:ident { $($field:ident: $type:ty),* } -> $answer:ty = $call:expr;)+) => {
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
                const ACCESS: Access = Access::$access;

                fn run(self, owner: &mut FileOwner<'_>) -> Result<$answer, PricingError> {
                    let call: fn(Self, &mut FileOwner<'_>) -> Result<$answer, StoreError> = $call;
                    Ok(call(self, owner)?)
                }
            }
        )+
    };
}

store_operations! {
    /// Every ingested file, newest first.
    ListBatches "batches" Read {} -> Vec<Batch> = |_, owner| owner.store.batches();
    /// One ingested file with its rejected rows.
    ShowBatch "batch" Read { id: i64 } -> BatchDetail = |this, owner| owner.store.batch(this.id, None);
    /// Removes the sales of a batch.
    UndoBatch "undo-batch" Change { id: i64 } -> UndoneBatch = |this, owner| owner.store.undo_batch(this.id);
    /// Adds the sales of a file.
    Ingest "ingest" Create { upload: Upload, dry_run: bool } -> FileReport =
        |this, owner| owner.store.ingest(&this.upload, this.dry_run);
    /// Saves how files are read, under a name.
    SaveReading "save-reading" Create { name: String, options: ReadingOptions } -> () =
        |this, owner| owner.store.save_reading(&this.name, &this.options);
    /// How files are read, by its name.
    ReadSavedReading "saved-reading" Read { name: String } -> ReadingOptions = |this, owner| owner.store.saved_reading(&this.name);
    /// Every model, newest first.
    ListModels "models" Read {} -> Vec<ModelRecord> = |_, owner| owner.store.models();
    /// One model with its history.
    ShowModel "model" Read { id: i64 } -> ModelDetail = |this, owner| owner.store.model(this.id);
    /// Deletes the bytes of old models.
    PruneModels "prune-models" Change { keep: u32, dry_run: bool } -> Vec<PrunedModel> =
        |this, owner| owner.store.prune_models(this.keep, this.dry_run);
    /// Sets by what share the prices of a model are higher.
    CorrectModel "correct-model" Change { id: i64, share: f64 } -> () =
        |this, owner| owner.store.correct_model(this.id, this.share);
    /// A model as it is stored.
    ReadArtifact "artifact" Read { id: i64 } -> StoredArtifact = |this, owner| owner.store.model_artifact(this.id);
    /// Number of the champion.
    ReadChampion "champion" Read {} -> Option<i64> = |_, owner| owner.store.champion();
    /// The data for a training, in a file.
    ExportSales "export-sales" Read {} -> ExportedSales = |_, owner| owner.store.export_sales();
    /// Notes an export of sales.
    AddSalesExport "add-sales-export" Write { export: SalesExport } -> () =
        |this, owner| owner.store.add_sales_export(&this.export);
    /// The manifest of an export of sales, if the file knows it.
    ReadSalesExport "sales-export" Read { id: Uuid } -> Option<String> = |this, owner| owner.store.sales_export(this.id);
    /// The days of a table of the log, the oldest first, after all that was logged is in the file.
    ListDaysOfLog "days-of-log" Exclusive { table: LogTable, from: Timestamp, until: Timestamp } -> Vec<LogPeriod> =
        |this, owner| owner.store.days_of_log(this.table, this.from, this.until);
    /// A part of a day of the log, in a file.
    ExportLog "export-log" Read { table: LogTable, period: LogPeriod, node: String } -> PathBuf =
        |this, owner| owner.store.export_log(this.table, this.period, &this.node);
    /// Requests of the log, newest first.
    ListRequests "requests" Read { filter: RequestFilter } -> Vec<LoggedRequest> =
        |this, owner| owner.store.requests(&this.filter);
    /// One request with its bodies.
    ShowRequest "request" Read { id: Uuid } -> LoggedRequest = |this, owner| owner.store.request(this.id);
    /// Requests of the log, in a file.
    ExportRequests "export-requests" Read {
        since: Option<Timestamp>, until: Option<Timestamp>, format: ExportFormat
    } -> ExportedRequests =
        |this, owner| owner.store.export_requests(this.since, this.until, this.format);
    /// Outcomes, the last recorded first.
    ListOutcomes "outcomes" Read { limit: u32 } -> Vec<RecordedOutcome> =
        |this, owner| owner.store.outcomes(this.limit);
    /// Adds a quote, and gives it a number.
    AddQuote "add-quote" Write { quote: NewQuote } -> i64 = |this, owner| owner.store.add_quote(&this.quote);
    /// Adds a parcel, and gives it a number.
    AddParcel "add-parcel" Write { parcel: NewParcel } -> i64 = |this, owner| owner.store.add_parcel(&this.parcel);
    /// Quotes, the newest first.
    ListQuotes "quotes" Read { filter: QuoteFilter } -> Vec<StoredQuote> = |this, owner| owner.store.quotes(&this.filter);
    /// Shares a quote, or no longer.
    ShareQuote "share-quote" Write { number: i64, token: Option<String> } -> () =
        |this, owner| owner.store.share_quote(this.number, this.token.as_deref());
    /// What stands on quotes.
    ReadShop "shop" Read {} -> Shop = |_, owner| owner.store.shop();
    /// Sets what stands on quotes.
    SetShop "set-shop" Create { shop: Shop } -> () = |this, owner| owner.store.set_shop(&this.shop);
    /// The rows of a query.
    RunQuery "query" Read { sql: String, limits: QueryLimits } -> Table =
        |this, owner| owner.store.query(&this.sql, this.limits);
    /// Of what the file is a replica.
    ReadReplica "replica" Read {} -> Option<Replica> = |_, owner| owner.store.replica();
    /// The name of this machine in the log, if one was told.
    ReadNode "node" Read {} -> Option<String> = |_, owner| owner.store.node();
    /// Every key, newest first.
    ListKeys "keys" Read {} -> Vec<ApiKey> = |_, owner| owner.store.keys();
    /// Adds a key.
    AddKey "add-key" Create { key: NewApiKey } -> ApiKey = |this, owner| owner.store.add_key(&this.key);
    /// Revokes a key.
    RevokeKey "revoke-key" Change { name: String } -> () = |this, owner| owner.store.revoke_key(&this.name);
    /// Who changed what, newest first.
    ListAuditEvents "audit-events" Read { limit: u32 } -> Vec<AuditEvent> =
        |this, owner| owner.store.audit_events(this.limit);
    /// A consistent copy of the file, at a path that the owner can reach.
    Backup "backup" Exclusive { to: PathBuf } -> u64 = |this, owner| owner.store.backup(&this.to);
}

/// Asks whether the owner sees the same file at a path: in a container or with a private folder for temporary files it may see
/// another one there, or none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SeesFile {
    /// The path.
    pub path: PathBuf,
    /// What the caller sees there.
    pub identity: Option<FileIdentity>,
}

impl Operation for SeesFile {
    type Answer = bool;
    const NAME: &'static str = "sees-file";
    const ACCESS: Access = Access::Read;

    fn run(self, _owner: &mut FileOwner<'_>) -> Result<bool, PricingError> {
        Ok(self.identity.is_some() && FileIdentity::of(&self.path) == self.identity)
    }
}

/// The outcome of a priced stone, from a line of a file.
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
    /// Name of the file.
    pub file: String,
    /// Its rows.
    pub rows: Vec<OutcomeRow>,
}

impl Operation for ImportOutcomes {
    type Answer = ();
    const NAME: &'static str = "import-outcomes";
    const ACCESS: Access = Access::Write;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<(), PricingError> {
        let outcomes: Vec<NewOutcome> =
            self.rows.iter().map(|row| NewOutcome { prediction: row.prediction, price_usd: row.price_usd }).collect();
        let unknown = owner.store.record_outcomes(&outcomes)?;
        if unknown.is_empty() {
            return Ok(());
        }
        let rows = unknown.into_iter().map(|place| &self.rows[place]);
        let mistakes =
            rows.map(|row| format!("line {}: there is no prediction {}", row.line, row.prediction)).collect();
        Err(PricingError::UnknownPredictions { name: self.file, mistakes })
    }
}

/// Turns outcomes into sales.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IngestOutcomes {
    /// Whether to store nothing.
    pub dry_run: bool,
}

/// The result of turning outcomes into sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestOutcomesAnswer {
    /// The ingest of the outcomes with complete measurements; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<FileReport>,
    /// How many stay outcomes because a measurement is missing.
    pub unmeasured: i64,
}

impl Operation for IngestOutcomes {
    type Answer = IngestOutcomesAnswer;
    const NAME: &'static str = "ingest-outcomes";
    const ACCESS: Access = Access::Change;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<IngestOutcomesAnswer, PricingError> {
        let OutcomeSales { upload, unmeasured, .. } = owner.store.outcomes_as_sales()?;
        let report = upload.map(|upload| owner.store.ingest(&upload, self.dry_run)).transpose()?;
        Ok(IngestOutcomesAnswer { report, unmeasured })
    }
}

/// Stores a trained model, and returns its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddModel {
    /// The model.
    pub model: NewModel,
}

impl Operation for AddModel {
    type Answer = i64;
    const NAME: &'static str = "add-model";
    const ACCESS: Access = Access::Change;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<i64, PricingError> {
        Ok(owner.store.add_model(&self.model)?)
    }
}

/// Makes a trained model the champion, unless the champion has changed since they were compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromoteComparedModel {
    /// Its number.
    pub id: i64,
    /// The reason, for the history.
    pub reason: String,
    /// The champion that it was compared with.
    pub compared_with: Option<i64>,
}

impl Operation for PromoteComparedModel {
    type Answer = ComparedPromotion;
    const NAME: &'static str = "promote-compared";
    const ACCESS: Access = Access::Change;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<ComparedPromotion, PricingError> {
        Ok(owner.store.promote_compared(self.id, &self.reason, self.compared_with)?)
    }
}

/// Makes a model the champion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromoteModel {
    /// Its number.
    pub id: i64,
    /// The reason, for the history.
    pub reason: String,
}

impl Operation for PromoteModel {
    type Answer = ();
    const NAME: &'static str = "promote";
    const ACCESS: Access = Access::Change;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<(), PricingError> {
        // a champion that cannot be loaded would leave no model to answer
        ServedModel::load(owner.store, self.id)?;
        Ok(owner.store.promote(self.id, &self.reason)?)
    }
}

/// Reverts the last promotion, and returns the number of the model that is the champion again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RollBackChampion {}

impl Operation for RollBackChampion {
    type Answer = i64;
    const NAME: &'static str = "roll-back";
    const ACCESS: Access = Access::Change;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<i64, PricingError> {
        let before = owner.store.champion_before()?.ok_or(StoreError::NoEarlierChampion)?;
        ServedModel::load(owner.store, before)?;
        Ok(owner.store.roll_back()?)
    }
}

/// Prices a stone, and stores the prediction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Predict {
    /// The stone.
    pub stone: StoneDescription,
    /// Number or family of the model; the champion if absent.
    pub model: Option<String>,
    /// Whether to explain the price.
    pub explain: bool,
    /// How often the range holds.
    pub confidence: Confidence,
}

impl Operation for Predict {
    type Answer = Prediction;
    const NAME: &'static str = "predict";
    const ACCESS: Access = Access::Log;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Prediction, PricingError> {
        let snapshot = owner.snapshot()?;
        let model = owner.model(&snapshot, self.model.as_deref())?;
        let price = if self.explain { Snapshot::explain } else { Snapshot::quote };
        let quote = price(&snapshot, &self.stone, &model, self.confidence)?;
        let prediction = Prediction { id: Uuid::now_v7(), quote };
        let origin = PredictionOrigin {
            request: None,
            position: 0,
            time: Timestamp::now(),
            source: PredictionSource::CommandLine,
        };
        owner.store.add_predictions(&[prediction.to_record(self.stone, origin)])?;
        Ok(prediction)
    }
}

/// Prices many stones, and stores the predictions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PredictMany {
    /// The stones; what is noted of each is added to the warnings of its price.
    pub stones: Vec<DescribedStone>,
    /// Number or family of the model; the champion if absent.
    pub model: Option<String>,
    /// The request that they belong to, if it is one.
    pub request: Option<Uuid>,
    /// The place of the first among the stones of that request or file, from 0.
    pub first: i64,
    /// Where they come from.
    pub source: PredictionSource,
    /// How often their ranges hold.
    pub confidence: Confidence,
}

impl Operation for PredictMany {
    /// Each in its place: the prediction, or why there is none.
    type Answer = Vec<Result<Prediction, String>>;
    const NAME: &'static str = "predict-many";
    const ACCESS: Access = Access::Log;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Self::Answer, PricingError> {
        let snapshot = owner.snapshot()?;
        let model = owner.model(&snapshot, self.model.as_deref())?;
        let time = Timestamp::now();
        let mut records = Vec::with_capacity(self.stones.len());
        let mut answers = Vec::with_capacity(self.stones.len());
        for ((stone, notes), position) in self.stones.into_iter().zip(self.first..) {
            answers.push(match snapshot.quote(&stone, &model, self.confidence) {
                Ok(mut quote) => {
                    quote.warnings.extend(notes);
                    let prediction = Prediction { id: Uuid::now_v7(), quote };
                    let origin = PredictionOrigin { request: self.request, position, time, source: self.source };
                    records.push(prediction.to_record(stone, origin));
                    Ok(prediction)
                }
                Err(error @ PricingError::NoPrice { .. }) => Err(error.to_string()),
                Err(error) => return Err(error),
            });
        }
        owner.store.add_predictions(&records)?;
        Ok(answers)
    }
}

/// Prices stones again that were priced before, by another model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplayRequests {
    /// Number or family of the model.
    pub model: String,
    /// Most stones; the newest count.
    pub limit: usize,
    /// Only stones priced since then.
    pub since: Option<Timestamp>,
}

impl Operation for ReplayRequests {
    type Answer = Replay;
    const NAME: &'static str = "replay";
    const ACCESS: Access = Access::Read;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Replay, PricingError> {
        let snapshot = owner.snapshot()?;
        let model = owner.model(&snapshot, Some(&self.model))?;
        let priced = owner.store.newest_predictions(self.limit, self.since)?;
        Ok(Replay::of(&priced, &model, &snapshot))
    }
}

/// Deletes old requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PruneRequests {
    /// Which, and how.
    pub pruning: RequestPruning,
}

impl Operation for PruneRequests {
    type Answer = PrunedRequests;
    const NAME: &'static str = "prune-requests";
    const ACCESS: Access = Access::Exclusive;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<PrunedRequests, PricingError> {
        Ok(owner.store.prune_requests(&self.pruning, Timestamp::now())?)
    }
}

/// Makes the file as small as its content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompactFile {}

impl Operation for CompactFile {
    type Answer = Compaction;
    const NAME: &'static str = "compact";
    const ACCESS: Access = Access::Replace;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Compaction, PricingError> {
        match owner.pricing {
            Some(pricing) => pricing.compact(owner.store),
            None => Ok(owner.store.compact()?),
        }
    }
}

/// The state of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadStatus {}

impl Operation for ReadStatus {
    type Answer = Status;
    const NAME: &'static str = "status";
    const ACCESS: Access = Access::Read;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<Status, PricingError> {
        let snapshot = owner.snapshot()?;
        Status::of(owner.store, &snapshot, Timestamp::now())
    }
}

/// Makes a price list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadPriceList {
    /// What it is to be like.
    pub wanted: PriceListWanted,
    /// Number or family of the model; the champion if absent.
    pub model: Option<String>,
    /// Number or family of the model that it is compared with, or [`LAST_LIST`].
    pub compare: Option<String>,
}

impl Operation for ReadPriceList {
    type Answer = PriceList;
    const NAME: &'static str = "price-list";
    const ACCESS: Access = Access::Read;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<PriceList, PricingError> {
        let snapshot = owner.snapshot()?;
        let model = owner.model(&snapshot, self.model.as_deref())?;
        let compared = match self.compare.as_deref() {
            None => None,
            Some(LAST_LIST) => Some(Compared::List(Box::new(KeptList::last(owner.store, self.wanted.cut(&snapshot))?))),
            Some(name) => Some(Compared::Model(owner.model(&snapshot, Some(name))?)),
        };
        PriceList::new(&snapshot, &model, compared.as_ref(), &self.wanted)
    }
}

/// Keeps a price list, so that a later one says what has changed since, and returns its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeepPriceList {
    /// The list.
    pub list: PriceList,
}

impl Operation for KeepPriceList {
    type Answer = i64;
    const NAME: &'static str = "keep-price-list";
    const ACCESS: Access = Access::Write;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<i64, PricingError> {
        KeptList::keep(owner.store, &self.list)
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
    const ACCESS: Access = Access::Read;

    fn run(self, owner: &mut FileOwner<'_>) -> Result<SimilarStones, PricingError> {
        let snapshot = owner.snapshot()?;
        if snapshot.champion().is_none() {
            return Err(PricingError::NoModel);
        }
        Ok(snapshot.similar().nearest(&self.stone, self.n)?)
    }
}
