//! Artifacts: models as bytes in the format of their family.

use duckdb::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::store::audit::record_event;
use crate::store::rows::{execute, query_optional_row, query_rows};
use crate::store::{Store, StoreError};

/// A model as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArtifact {
    /// Name of its family.
    pub family: String,
    /// The model in the format of its family.
    #[serde(with = "serde_bytes")]
    pub artifact: Vec<u8>,
    /// Its prices by the four Cs; `None` if an earlier version stored the model.
    #[serde(with = "serde_bytes")]
    pub four_cs_table: Option<Vec<u8>>,
}

/// A model whose bytes are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedModel {
    /// Its number.
    pub id: i64,
    /// How many bytes it had.
    pub bytes: i64,
}

impl Store {
    /// A model as it is stored.
    ///
    /// # Errors
    /// If there is no such model, or it was pruned.
    pub fn model_artifact(&self, id: i64) -> Result<StoredArtifact, StoreError> {
        let sql = include_str!("../../../sql/queries/artifact/read_model_artifact.sql");
        let found = query_optional_row(&self.connection, "read a model", sql, params![id], |row| {
            let content: Option<Vec<u8>> = row.get("content")?;
            let (family, four_cs_table) = (row.get("family")?, row.get("four_cs_table")?);
            Ok(content.map(|artifact| StoredArtifact { family, artifact, four_cs_table }))
        })?;
        found.ok_or_else(|| StoreError::no_model(id))?.ok_or(StoreError::Pruned { id })
    }

    /// The summary of a model's dataset; `None` if an earlier version stored the model.
    ///
    /// # Errors
    /// If the database fails.
    pub fn dataset_summary(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = include_str!("../../../sql/queries/dataset_summary/read_dataset_summary.sql");
        query_optional_row(&self.connection, "read the summary of a dataset", sql, params![id], |row| {
            row.get("content")
        })
    }

    /// Size of a model's artifact in bytes; 0 if it was pruned.
    ///
    /// # Errors
    /// If the database fails.
    pub fn artifact_bytes(&self, id: i64) -> Result<i64, StoreError> {
        let sql = include_str!("../../../sql/queries/artifact/measure_artifact.sql");
        let found =
            query_optional_row(&self.connection, "measure a model", sql, params![id], |row| row.get("byte_count"))?;
        Ok(found.unwrap_or(0))
    }

    /// Refuses a model without bytes.
    ///
    /// # Errors
    /// If there is no such model, or it was pruned.
    pub(super) fn require_artifact(&self, id: i64) -> Result<(), StoreError> {
        let sql = include_str!("../../../sql/queries/artifact/find_artifact.sql");
        let has_content =
            query_optional_row(&self.connection, "look a model up", sql, params![id], |row| row.get("has_content"))?;
        match has_content {
            None => Err(StoreError::no_model(id)),
            Some(false) => Err(StoreError::Pruned { id }),
            Some(true) => Ok(()),
        }
    }

    /// Deletes the bytes of old models, and returns those models. The `keep` newest, the champion, the target of
    /// a rollback, and the newest of each family stay. The history of all stays. A dry run changes nothing.
    ///
    /// # Errors
    /// If the database fails; then nothing is deleted.
    pub fn prune_models(&mut self, keep: u32, dry_run: bool) -> Result<Vec<PrunedModel>, StoreError> {
        const ACTION: &str = "prune the models";
        let before = self.champion_before()?;
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../../sql/queries/artifact/list_prunable.sql");
        let pruned = query_rows(&transaction, ACTION, sql, params![keep, before], |row| {
            Ok(PrunedModel { id: row.get("model_id")?, bytes: row.get("byte_count")? })
        })?;
        if !dry_run {
            for model in &pruned {
                let sql = include_str!("../../../sql/queries/artifact/delete_artifact.sql");
                execute(&transaction, ACTION, sql, params![model.id])?;
                let sql = include_str!("../../../sql/queries/dataset_summary/delete_dataset_summary.sql");
                execute(&transaction, ACTION, sql, params![model.id])?;
                let sql = include_str!("../../../sql/queries/four_cs_table/delete_four_cs_table.sql");
                execute(&transaction, ACTION, sql, params![model.id])?;
                record_event(&transaction, &self.actor, "prune", &format!("model {}", model.id))?;
            }
            transaction.commit().map_err(StoreError::database(ACTION))?;
        }
        Ok(pruned)
    }
}

pub(super) fn insert_dataset_summary(connection: &Connection, id: i64, content: &[u8]) -> Result<(), StoreError> {
    let sql = include_str!("../../../sql/queries/dataset_summary/insert_dataset_summary.sql");
    execute(connection, "store a model", sql, params![id, content]).map(drop)
}

pub(super) fn insert_four_cs_table(connection: &Connection, id: i64, content: &[u8]) -> Result<(), StoreError> {
    let sql = include_str!("../../../sql/queries/four_cs_table/insert_four_cs_table.sql");
    execute(connection, "store a model", sql, params![id, content]).map(drop)
}

pub(super) fn insert_artifact(connection: &Connection, id: i64, content: &[u8]) -> Result<(), StoreError> {
    let sql = include_str!("../../../sql/queries/artifact/insert_artifact.sql");
    execute(connection, "store a model", sql, params![id, content]).map(drop)
}
