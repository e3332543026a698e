//! The model that answers, and those that did before.

use duckdb::{Connection, params};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::audit::record_event;
use crate::store::rows::{execute, query_optional_row, query_rows, read_time, sql_time};
use crate::store::{Store, StoreError};

/// The result of promoting a model that was compared with the champion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparedPromotion {
    /// The model is the champion.
    Promoted,
    /// Nothing is changed: this is the champion now. Compare with it and promote again.
    ChampionIsNow(Option<i64>),
}

/// The promotion of a model to champion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Promotion {
    /// The model.
    pub model: i64,
    /// Its time.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// Its reason.
    pub reason: String,
}

impl Store {
    /// Number of the champion, if there is one.
    pub fn champion(&self) -> Result<Option<i64>, StoreError> {
        read_champion(&self.connection)
    }

    /// Makes model `id` the champion.
    ///
    /// # Errors
    /// If there is no such model, if it was pruned, or if it is the champion already.
    pub fn promote(&mut self, id: i64, reason: &str) -> Result<(), StoreError> {
        const ACTION: &str = "promote the model";
        self.require_artifact(id)?;
        if self.champion()? == Some(id) {
            return Err(StoreError::IsChampion { id });
        }
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        insert_promotion(&transaction, id, reason)?;
        record_event(&transaction, &self.actor, "promote", &format!("model {id}"))?;
        transaction.commit().map_err(StoreError::database(ACTION))
    }

    /// Makes model `id` the champion, unless the champion is not `compared_with`: then another retraining finished first, and
    /// the comparison must be made again.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub fn promote_compared(
        &mut self,
        id: i64,
        reason: &str,
        compared_with: Option<i64>,
    ) -> Result<ComparedPromotion, StoreError> {
        const ACTION: &str = "promote the model";
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let champion = read_champion(&transaction)?;
        if champion != compared_with {
            return Ok(ComparedPromotion::ChampionIsNow(champion));
        }
        insert_promotion(&transaction, id, reason)?;
        record_event(&transaction, &self.actor, "promote", &format!("model {id}"))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(ComparedPromotion::Promoted)
    }

    /// Number of the model that [`Store::roll_back`] would make the champion; `None` if there is none.
    pub fn champion_before(&self) -> Result<Option<i64>, StoreError> {
        Ok(find_rollback(&self.connection)?.map(|rollback| rollback.model))
    }

    /// Reverts the last promotion, and at the next call the one before it: makes the previous champion the champion again, and
    /// returns its number.
    ///
    /// # Errors
    /// If there was no champion before.
    pub fn roll_back(&mut self) -> Result<i64, StoreError> {
        const ACTION: &str = "roll the champion back";
        let champion = self.champion()?.ok_or(StoreError::NoEarlierChampion)?;
        let transaction = self.connection.transaction().map_err(StoreError::database(ACTION))?;
        let Rollback { restores, model } = find_rollback(&transaction)?.ok_or(StoreError::NoEarlierChampion)?;
        insert_promotion(&transaction, model, &format!("rolled back from model {champion}"))?;
        let sql = include_str!("../../../sql/queries/champion/insert_rollback.sql");
        execute(&transaction, ACTION, sql, params![restores])?;
        record_event(&transaction, &self.actor, "roll back", &format!("to model {model}"))?;
        transaction.commit().map_err(StoreError::database(ACTION))?;
        Ok(model)
    }

    /// The promotions of all models, or only of `model`, newest first.
    pub fn promotions(&self, model: Option<i64>) -> Result<Vec<Promotion>, StoreError> {
        query_rows(
            &self.connection,
            "read the history of the champion",
            include_str!("../../../sql/queries/champion/list_promotions.sql"),
            params![model],
            |row| {
                Ok(Promotion {
                    model: row.get("model_id")?,
                    time: read_time(row, "promoted_at")?,
                    reason: row.get("reason")?,
                })
            },
        )
    }
}

/// The effect of a rollback.
struct Rollback {
    /// The promotion whose state is restored.
    restores: i64,
    /// The model of that promotion.
    model: i64,
}

fn find_rollback(connection: &Connection) -> Result<Option<Rollback>, StoreError> {
    let sql = include_str!("../../../sql/queries/champion/find_rollback.sql");
    query_optional_row(connection, "find the champion before", sql, [], |row| {
        Ok(Rollback { restores: row.get("id")?, model: row.get("model_id")? })
    })
}

fn insert_promotion(connection: &Connection, id: i64, reason: &str) -> Result<(), StoreError> {
    let sql = include_str!("../../../sql/queries/champion/insert_promotion.sql");
    execute(connection, "promote the model", sql, params![id, sql_time(Timestamp::now()), reason]).map(drop)
}

fn read_champion(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = include_str!("../../../sql/queries/champion/read_champion.sql");
    query_optional_row(connection, "look up the champion", sql, [], |row| row.get("model_id"))
}
