//! A replica: a file whose sales, models, keys and quotes are those of a copy of another file, and whose log is its own.
//!
//! A new copy takes the place of the one before in a single transaction: whoever reads sees the one or the other.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::record_event;
use super::rows::{execute, query_rows, sql_path};
use super::{Store, StoreError};

/// The setting that says of what the file is a replica; its value is nothing, or a [`Replica`] as JSON.
const SETTING: &str = "replica";
/// The setting with the name of this machine.
const NODE: &str = "node";
const TAKING: &str = "take a copy of another file";

/// Of what a file is a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Where its copies come from: a file, a folder or an address.
    pub source: String,
    /// The copy that it has; absent as long as none has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<ReplicaCopy>,
}

/// A copy of another file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaCopy {
    /// What tells it from other copies of the same source.
    pub version: String,
    /// When it was made.
    pub made: Timestamp,
    /// When it was taken in here.
    pub taken: Timestamp,
}

impl Store {
    /// Of what the file is a replica; `None` if it is a file of its own.
    ///
    /// # Errors
    /// If the database fails.
    pub fn replica(&self) -> Result<Option<Replica>, StoreError> {
        let text: String = self.setting(SETTING)?;
        if text.is_empty() {
            return Ok(None);
        }
        let unreadable = |_| StoreError::Unexpected { what: format!("the setting {SETTING} is {text:?}") };
        serde_json::from_str(&text).map(Some).map_err(unreadable)
    }

    /// Refuses to change a file that is a replica.
    ///
    /// # Errors
    /// If it is one, or the database fails.
    pub fn require_own(&self) -> Result<(), StoreError> {
        match self.replica()? {
            Some(replica) => Err(StoreError::IsReplica { source_of_copies: replica.source }),
            None => Ok(()),
        }
    }

    /// Makes the file a replica of `source`, or leaves it one. The next copy is taken whatever its version if the source is another
    /// than before.
    ///
    /// # Errors
    /// If it has sales, models or keys of its own, which a copy would replace, or the database fails.
    pub fn become_replica(&mut self, source: &str) -> Result<(), StoreError> {
        let before = self.replica()?;
        if before.as_ref().is_some_and(|before| before.source == source) {
            return Ok(());
        }
        if before.is_none() {
            let (batches, models, keys) = (self.batches()?.len(), self.models()?.len(), self.keys()?.len());
            if batches + models + keys > 0 {
                return Err(StoreError::HasOwnContent { path: self.path.clone(), batches, models, keys });
            }
        }
        let copy = before.and_then(|before| before.copy).map(|copy| ReplicaCopy { version: String::new(), ..copy });
        self.set_replica(Some(&Replica { source: source.to_owned(), copy }), "become replica", source)
    }

    /// Makes a replica a file of its own, which keeps what it has and can be changed. Nothing is done if it is none.
    ///
    /// # Errors
    /// If the database fails.
    pub fn end_replica(&mut self) -> Result<(), StoreError> {
        match self.replica()? {
            Some(before) => self.set_replica(None, "end replica", &before.source),
            None => Ok(()),
        }
    }

    fn set_replica(&mut self, replica: Option<&Replica>, action: &str, subject: &str) -> Result<(), StoreError> {
        const ACTION: &str = "note of what the file is a replica";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let text = replica.map_or_else(|| Ok(String::new()), setting_of)?;
        let sql = include_str!("../../sql/queries/schema/update_setting.sql");
        execute(&transaction, ACTION, sql, [SETTING, &text])?;
        record_event(&transaction, &self.actor, action, subject)?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }

    /// Puts what the file at `copy` has in the place of what this file has, but for the log. The copy must be in the work folder, of
    /// this program's layout ([`Store::prove_backup`] brings it there), and open nowhere.
    ///
    /// # Errors
    /// If the database fails; then this file is as it was.
    pub fn take_copy(&mut self, copy: &Path, about: &Replica) -> Result<(), StoreError> {
        let failed = || StoreError::database(TAKING);
        let attach = include_str!("../../sql/queries/replica/attach_copy.sql").replace("{path}", &sql_path(copy));
        self.connection.execute_batch(&attach).map_err(failed())?;
        let taken = self.replace_by_attached(about);
        // it goes with the connection if it stays
        let detached =
            self.connection.execute_batch(include_str!("../../sql/queries/replica/detach_copy.sql")).map_err(failed());
        taken.and(detached)
    }

    fn replace_by_attached(&mut self, about: &Replica) -> Result<(), StoreError> {
        let failed = || StoreError::database(TAKING);
        let transaction = self.connection.transaction().map_err(failed())?;
        let run = |sql: &str| transaction.execute_batch(sql).map_err(failed());
        run(include_str!("../../sql/queries/replica/delete_quoted_predictions.sql"))?;
        let sql = include_str!("../../sql/queries/replica/list_replicated_tables.sql");
        let tables: Vec<String> = query_rows(&transaction, TAKING, sql, [], |row| row.get("table_name"))?;
        for table in tables {
            run(&include_str!("../../sql/queries/replica/replace_table.sql").replace("{table}", &table))?;
        }
        run(include_str!("../../sql/queries/replica/replace_settings.sql"))?;
        run(include_str!("../../sql/queries/replica/insert_quoted_predictions.sql"))?;
        let sql = include_str!("../../sql/queries/schema/update_setting.sql");
        execute(&transaction, TAKING, sql, [SETTING, &setting_of(about)?])?;
        transaction.commit().map_err(failed())
    }

    /// The name of this machine in the log, if one was told.
    ///
    /// # Errors
    /// If the database fails.
    pub fn node(&self) -> Result<Option<String>, StoreError> {
        Ok(Some(self.setting(NODE)?).filter(|name: &String| !name.is_empty()))
    }

    /// Names this machine in the log.
    ///
    /// # Errors
    /// If the database fails.
    pub fn set_node(&mut self, name: &str) -> Result<(), StoreError> {
        let sql = include_str!("../../sql/queries/schema/update_setting.sql");
        execute(&self.connection, "name this machine", sql, [NODE, name]).map(drop)
    }
}

fn setting_of(replica: &Replica) -> Result<String, StoreError> {
    serde_json::to_string(replica).map_err(|error| StoreError::Unexpected { what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use uuid::Uuid;

    use super::super::{NewApiKey, Upload};
    use super::*;
    use crate::access::{Role, SecretDigest};
    use crate::generator::Generator;

    struct Files {
        _folder: tempfile::TempDir,
        primary: Store,
        replica: Store,
    }

    impl Files {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let primary = Store::open(&folder.path().join("primary.duckdb")).expect("a store");
            let mut replica = Store::open(&folder.path().join("replica.duckdb")).expect("a store");
            replica.become_replica("backups").expect("a replica");
            Self { _folder: folder, primary, replica }
        }

        fn ingest(&mut self, seed: u64, count: u64) {
            let mut csv = Vec::new();
            Generator::new(seed).write_csv(&mut csv, count, 0.0).expect("memory takes all");
            self.primary.ingest(&Upload::from_bytes("sales.csv", csv), false).expect("sales");
        }

        fn copy(&self) -> PathBuf {
            let path = self.replica.work_folder().join(format!("{}.duckdb", Uuid::now_v7()));
            self.primary.backup(&path).expect("a copy");
            path
        }

        fn take(&mut self, version: &str) -> Result<(), StoreError> {
            let copy = self.copy();
            let now = Timestamp::now();
            let about = ReplicaCopy { version: version.to_owned(), made: now, taken: now };
            self.replica.take_copy(&copy, &Replica { source: "backups".to_owned(), copy: Some(about) })
        }
    }

    fn key(name: &str) -> NewApiKey {
        NewApiKey { name: name.to_owned(), role: Role::Price, digest: SecretDigest::of(name), expires: None }
    }

    #[test]
    fn a_copy_takes_the_place_of_the_one_before_whatever_was_taken_back_there() {
        let mut files = Files::new();
        files.ingest(1, 300);
        files.primary.add_key(&key("shop")).expect("a key");
        files.take("1").expect("taken");
        assert_eq!(files.replica.count_sales(None).expect("a count"), 300);
        assert_eq!(files.replica.keys().expect("keys").len(), 1);
        files.ingest(2, 200);
        files.primary.undo_batch(1).expect("undone");
        files.primary.revoke_key("shop").expect("revoked");
        files.take("2").expect("taken");
        assert_eq!(files.replica.count_sales(None).expect("a count"), 200);
        assert!(files.replica.keys().expect("keys")[0].revoked.is_some());
        let replica = files.replica.replica().expect("a setting").expect("a replica");
        assert_eq!(replica.copy.expect("a copy").version, "2");
        assert_eq!(
            files.replica.setting::<String>("holdout_salt").expect("a salt"),
            files.primary.setting::<String>("holdout_salt").expect("a salt")
        );
        assert_ne!(
            files.replica.setting::<String>("file_id").expect("an id"),
            files.primary.setting::<String>("file_id").expect("an id")
        );
    }

    #[test]
    fn a_copy_that_is_none_changes_nothing() {
        let mut files = Files::new();
        files.ingest(1, 100);
        files.take("1").expect("taken");
        let foreign = files.replica.work_folder().join("foreign.duckdb");
        duckdb::Connection::open(&foreign)
            .and_then(|connection| connection.execute_batch("CREATE TABLE sale (a INTEGER)"))
            .expect("another database");
        let about = files.replica.replica().expect("a setting").expect("a replica");
        assert!(files.replica.take_copy(&foreign, &about).is_err());
        assert_eq!(files.replica.count_sales(None).expect("a count"), 100);
        files.ingest(2, 50);
        files.take("2").expect("another copy can still be taken");
        assert_eq!(files.replica.count_sales(None).expect("a count"), 150);
    }

    #[test]
    fn a_file_with_content_of_its_own_becomes_no_replica_and_a_replica_can_become_a_file_of_its_own() {
        let mut files = Files::new();
        files.ingest(1, 100);
        let refused = files.primary.become_replica("elsewhere").expect_err("it has sales");
        assert!(matches!(refused, StoreError::HasOwnContent { batches: 1, models: 0, .. }), "{refused}");
        assert!(files.primary.require_own().is_ok());
        files.take("1").expect("taken");
        assert!(matches!(files.replica.require_own(), Err(StoreError::IsReplica { .. })));
        // another source: its next copy is another one, whatever its version
        files.replica.become_replica("elsewhere").expect("another source");
        let copy = files.replica.replica().expect("a setting").expect("a replica").copy.expect("a copy");
        assert_eq!(copy.version, "");
        files.replica.end_replica().expect("ended");
        assert!(files.replica.require_own().is_ok());
        assert_eq!(files.replica.count_sales(None).expect("a count"), 100);
    }

    /// What is taken from a copy is listed by what is not: a new table is taken as well, and its author decides here.
    #[test]
    fn every_table_is_either_taken_from_a_copy_or_of_the_log() {
        let files = Files::new();
        let sql = include_str!("../../sql/queries/replica/list_replicated_tables.sql");
        let taken: Vec<String> =
            query_rows(&files.replica.connection, TAKING, sql, [], |row| row.get("table_name")).expect("tables");
        let expected = [
            "api_key",
            "artifact",
            "batch",
            "batch_reading",
            "batch_warning",
            "calibration",
            "dataset_summary",
            "four_cs_table",
            "grade_spread",
            "kept_price_list",
            "level_correction",
            "model",
            "model_batch",
            "model_origin",
            "named_reading",
            "order_check",
            "outcome",
            "parcel",
            "parcel_row",
            "promotion",
            "quote",
            "quote_share",
            "rejected_row",
            "remembered_reading",
            "rollback",
            "sale",
            "sale_detail",
            "sales_export",
            "sales_period",
            "segment_metrics",
            "shop",
            "trial",
            "undone_batch",
            "worst_residual",
        ];
        assert_eq!(taken, expected);
    }
}
