//! What leaves for other programs, and what comes back from them: sales for a training on a cluster, models that were trained there or
//! by somebody's own hand, and models for other programs.
//!
//! Training on a cluster is three steps. [`export_sales`] writes the rows that forests learn, without the holdout, with a manifest
//! that says how they are to be trained. A job trains them. [`import_model`] checks what it brings, puts it together, and judges it at
//! home like any other model.
//!
//! The log leaves as a folder of days ([`export_log`]), which any engine reads.

mod cluster_job;
mod error;
mod log_export;
mod manifest;
mod model_export;
mod model_import;
mod new_folder;
mod probes;
mod sales_export;

pub use cluster_job::{Cluster, ClusterObserver, ClusterTraining, train_on_cluster};
pub use error::ExchangeError;
pub use log_export::{LogExportReport, export_log, read_node, this_node};
pub use manifest::{ExportedFile, FORMAT, MANIFEST, Manifest, RECIPE, RESULT, RecipeFile, TrainingResult};
pub use model_export::{ModelExportReport, export_model};
pub use model_import::{ImportSettings, import_model};
pub use sales_export::{SalesExportReport, SalesExportSettings, export_sales};
