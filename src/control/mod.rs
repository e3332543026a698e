//! How commands reach the file, whichever process owns it.
//!
//! The process that opens the file first owns it. While that is a server, every other command sends its operations to it
//! over a Unix socket beside the file; else the command opens the file itself. An [`Operation`] does the same in both cases,
//! and the user sees the same.

#[cfg(unix)]
mod client;
mod error;
mod file_access;
mod operation;
mod operations;
#[cfg(unix)]
mod socket;

pub use error::{FileAccessError, RemoteError};
pub use file_access::{FileAccess, ingest, is_served, open_to_serve, run};
pub use operation::{Access, FileOwner, Operation, decode, encode};
pub use operations::{
    AddKey, AddModel, AddParcel, AddQuote, AddSalesExport, Backup, CompactFile, CorrectModel, ExportLog,
    ExportRequests, ExportSales, FindSimilar, ImportOutcomes, Ingest, IngestOutcomes, IngestOutcomesAnswer,
    KeepPriceList, ListAuditEvents, ListBatches, ListDaysOfLog, ListKeys, ListModels, ListOutcomes, ListQuotes,
    ListRequests, OperationVisitor, OutcomeRow, Predict, PredictMany, PromoteComparedModel, PromoteModel, PruneModels,
    PruneRequests, ReadArtifact, ReadChampion, ReadNode, ReadPriceList, ReadReplica, ReadSalesExport, ReadSavedReading,
    ReadShop, ReadStatus, ReplayRequests, RevokeKey, RollBackChampion, RunQuery, SaveReading, SeesFile, SetShop,
    ShareQuote, ShowBatch, ShowModel, ShowRequest, UndoBatch, visit_operations,
};
#[cfg(unix)]
pub use socket::{STARTING_SUFFIX, path_of as socket_path};
