//! Exports of sales to other programs, and where models come from that were trained there.

use std::collections::BTreeMap;

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit::record_event;
use super::rows::{JsonColumn, TextColumn, execute, query_optional_row, sql_time};
use super::{Store, StoreError};

/// An export of sales, as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SalesExport {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub time: Timestamp,
    /// Number of sales in it.
    pub sales: i64,
    /// Its manifest as JSON, without the list of its files.
    pub manifest: String,
}

/// Where a model was trained, if it was not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelOrigin {
    /// What trained it, such as `dask` or `spark`.
    pub engine: String,
    /// Versions of what trained it, by name.
    pub versions: BTreeMap<String, String>,
    /// The export that it was trained on; absent if it came with a recipe of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Uuid>,
    /// What whoever brought it says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl ModelOrigin {
    /// The origin in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let versions: Vec<String> = self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let mut words = self.engine.clone();
        if !versions.is_empty() {
            words = format!("{words} ({})", versions.join(", "));
        }
        if let Some(note) = &self.note {
            words = format!("{words}: {note}");
        }
        words
    }
}

const REMEMBERING: &str = "note an export of sales";

impl Store {
    /// Notes an export of sales, so that a model that was trained on it is known when it comes.
    ///
    /// # Errors
    /// If the database fails; then nothing is noted.
    pub fn add_sales_export(&mut self, export: &SalesExport) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().map_err(StoreError::database(REMEMBERING))?;
        let sql = include_str!("../../sql/queries/exchange/insert_sales_export.sql");
        let values = params![export.id.to_string(), sql_time(export.time), export.sales, export.manifest];
        execute(&transaction, REMEMBERING, sql, values)?;
        let what = format!("export {} of {} sales", export.id, export.sales);
        record_event(&transaction, &self.actor, "export sales", &what)?;
        transaction.commit().map_err(StoreError::database(REMEMBERING))
    }

    /// The manifest of an export as JSON, without the list of its files; `None` if this file knows no such export.
    ///
    /// # Errors
    /// If the database fails.
    pub fn sales_export(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let sql = include_str!("../../sql/queries/exchange/read_sales_export.sql");
        let values = params![id.to_string()];
        query_optional_row(&self.connection, "read an export of sales", sql, values, |row| row.get("manifest"))
    }

    /// Where a model was trained; `None` if it was here.
    ///
    /// # Errors
    /// If the database fails.
    pub fn model_origin(&self, model: i64) -> Result<Option<ModelOrigin>, StoreError> {
        let sql = include_str!("../../sql/queries/exchange/read_model_origin.sql");
        query_optional_row(&self.connection, "read where a model was trained", sql, params![model], |row| {
            Ok(ModelOrigin {
                engine: row.get("engine")?,
                versions: row.get::<_, JsonColumn<_>>("versions")?.0,
                export: row.get::<_, Option<TextColumn<Uuid>>>("export_id")?.map(|id| id.0),
                note: row.get("note")?,
            })
        })
    }
}

/// Stores where a model was trained, as part of storing the model.
pub(super) fn insert_origin(connection: &Connection, model: i64, origin: &ModelOrigin) -> Result<(), StoreError> {
    let sql = include_str!("../../sql/queries/exchange/insert_model_origin.sql");
    let versions = serde_json::json!(origin.versions).to_string();
    let export = origin.export.map(|id| id.to_string());
    execute(connection, "store a model", sql, params![model, origin.engine, versions, export, origin.note])?;
    Ok(())
}
