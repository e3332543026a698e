//! Price lists that somebody keeps, such as the one that hangs on the wall: a later list says what has changed since.

use super::PricingError;
use super::price_list::{KeptList, KeptListName, PriceList};
use crate::diamond::Cut;
use crate::store::{Store, StoreError};

impl KeptList {
    /// The list of `cut` that was kept last, if there is one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn find(store: &Store, cut: Cut) -> Result<Option<Self>, PricingError> {
        let Some(stored) = store.last_price_list(cut)? else { return Ok(None) };
        let unreadable = |error| StoreError::Unexpected { what: format!("price list {}: {error}", stored.number) };
        let list: PriceList = serde_json::from_str(&stored.document).map_err(unreadable)?;
        let name = KeptListName { number: stored.number, kept_at: stored.time, model: list.model.clone() };
        Ok(Some(Self { name, list }))
    }

    /// The list of `cut` that was kept last.
    ///
    /// # Errors
    /// If none was, or it cannot be read.
    pub fn last(store: &Store, cut: Cut) -> Result<Self, PricingError> {
        Self::find(store, cut)?.ok_or(PricingError::NoKeptList { cut })
    }

    /// Keeps `list`, and returns its number.
    ///
    /// # Errors
    /// If the database fails; then nothing is kept.
    pub fn keep(store: &mut Store, list: &PriceList) -> Result<i64, PricingError> {
        let unwritable = |error: serde_json::Error| StoreError::Unexpected { what: error.to_string() };
        let document = serde_json::to_string(list).map_err(unwritable)?;
        Ok(store.keep_price_list(list.cut, &document)?)
    }
}
