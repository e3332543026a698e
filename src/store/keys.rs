//! Keys for the API and the pages, and the sessions of browsers.

use duckdb::{Row, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::record_event;
use super::rows::{TextColumn, TimeColumn, execute, query_rows, read_time, sql_time};
use super::{Store, StoreError};
use crate::access::{Role, SecretDigest};

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its name in the log.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused; never if absent.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

/// A key to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewApiKey {
    /// Its name in the log.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The digest of its secret.
    pub digest: SecretDigest,
    /// From when on it is refused; never if absent.
    pub expires: Option<Timestamp>,
}

/// A browser that somebody has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// The digest of its cookie.
    pub digest: SecretDigest,
    /// Name of the key.
    pub key_name: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl Store {
    /// Adds a key.
    ///
    /// # Errors
    /// If there is or was one of this name: names in the log keep their meaning.
    pub fn add_key(&mut self, key: &NewApiKey) -> Result<ApiKey, StoreError> {
        const ACTION: &str = "add a key";
        let now = Timestamp::now();
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/access/insert_key.sql");
        let values =
            params![key.name, key.role.name(), key.digest.to_string(), sql_time(now), key.expires.map(sql_time)];
        if execute(&transaction, ACTION, sql, values)? == 0 {
            return Err(StoreError::KeyExists { name: key.name.clone() });
        }
        record_event(&transaction, &self.actor, "create key", &format!("{} ({})", key.name, key.role))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(ApiKey { name: key.name.clone(), role: key.role, created: now, expires: key.expires, revoked: None })
    }

    /// Revokes the key `name` and ends its sessions.
    ///
    /// # Errors
    /// If there is none that is not revoked.
    pub fn revoke_key(&mut self, name: &str) -> Result<(), StoreError> {
        const ACTION: &str = "revoke a key";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let sql = include_str!("../../sql/queries/access/revoke_key.sql");
        if execute(&transaction, ACTION, sql, params![name, sql_time(Timestamp::now())])? == 0 {
            return Err(StoreError::NotFound { what: "valid key", id: name.to_owned(), list: "keys list" });
        }
        let sql = include_str!("../../sql/queries/access/delete_sessions_of_key.sql");
        execute(&transaction, ACTION, sql, params![name])?;
        record_event(&transaction, &self.actor, "revoke key", name)?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }

    /// Every key, the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        Ok(self.keys_with_digests()?.into_iter().map(|(key, _)| key).collect())
    }

    /// Every key with the digest of its secret, the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keys_with_digests(&self) -> Result<Vec<(ApiKey, SecretDigest)>, StoreError> {
        let sql = include_str!("../../sql/queries/access/list_keys.sql");
        query_rows(&self.connection, "list the keys", sql, [], |row| {
            let time = |name: &str| Ok::<_, duckdb::Error>(row.get::<_, Option<TimeColumn>>(name)?.map(|time| time.0));
            let role: String = row.get("role")?;
            let key = ApiKey {
                name: row.get("name")?,
                // a role of a later version opens nothing but prices
                role: role.parse().unwrap_or(Role::Price),
                created: read_time(row, "created_at")?,
                expires: time("expires_at")?,
                revoked: time("revoked_at")?,
            };
            Ok((key, read_digest(row)?))
        })
    }

    /// Notes that somebody has logged in with a key.
    ///
    /// # Errors
    /// If the database fails.
    pub fn begin_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        const ACTION: &str = "begin a session";
        let sql = include_str!("../../sql/queries/access/insert_session.sql");
        let LoginSession { digest, key_name, expires } = session;
        let values = params![digest.to_string(), key_name, sql_time(Timestamp::now()), sql_time(*expires)];
        execute(&self.connection, ACTION, sql, values).map(drop)
    }

    /// Ends the session of a cookie, and all that have expired.
    ///
    /// # Errors
    /// If the database fails.
    pub fn end_session(&mut self, digest: SecretDigest) -> Result<(), StoreError> {
        let sql = include_str!("../../sql/queries/access/delete_sessions.sql");
        let values = params![digest.to_string(), sql_time(Timestamp::now())];
        execute(&self.connection, "end a session", sql, values).map(drop)
    }

    /// The sessions that have not ended.
    ///
    /// # Errors
    /// If the database fails.
    pub fn sessions(&self) -> Result<Vec<LoginSession>, StoreError> {
        let sql = include_str!("../../sql/queries/access/list_sessions.sql");
        query_rows(&self.connection, "list the sessions", sql, params![sql_time(Timestamp::now())], |row| {
            Ok(LoginSession {
                digest: read_digest(row)?,
                key_name: row.get("key_name")?,
                expires: read_time(row, "expires_at")?,
            })
        })
    }
}

fn read_digest(row: &Row<'_>) -> duckdb::Result<SecretDigest> {
    Ok(row.get::<_, TextColumn<SecretDigest>>("digest")?.0)
}
