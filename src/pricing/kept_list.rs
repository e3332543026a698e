//! A price list that somebody kept, such as one that hangs on the wall: a later list says what has changed since.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ModelName, PriceList, PricingError};
use crate::diamond::{Clarity, Color, Cut};
use crate::store::{Store, StoreError};

/// What a kept list is known by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeptListName {
    /// Its number.
    pub number: i64,
    /// When it was kept.
    #[schema(value_type = String, format = DateTime)]
    pub kept_at: Timestamp,
    /// The model whose prices it has.
    pub model: ModelName,
}

/// A list that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptList {
    /// What it is known by.
    pub name: KeptListName,
    list: PriceList,
}

impl KeptList {
    /// The list of `cut` that was kept last.
    ///
    /// # Errors
    /// If none was, or it cannot be read.
    pub fn last(store: &Store, cut: Cut) -> Result<Self, PricingError> {
        let stored = store.last_price_list(cut)?.ok_or(PricingError::NoKeptList { cut })?;
        let unreadable = |error| StoreError::Unexpected { what: format!("price list {}: {error}", stored.number) };
        let list: PriceList = serde_json::from_str(&stored.document).map_err(unreadable)?;
        let name = KeptListName { number: stored.number, kept_at: stored.time, model: list.model.clone() };
        Ok(Self { name, list })
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

    /// What it asks for a carat of such stones in the band that begins at this weight, in US dollars; `None` if it has no such band.
    pub fn usd_per_carat(&self, from_carat: f64, color: Color, clarity: Clarity) -> Option<f64> {
        let is_same = |carat: f64| (carat - from_carat).abs() < 0.001;
        let band = self.list.bands.iter().find(|band| is_same(band.from_carat))?;
        let row = band.colors.iter().find(|row| row.color == color)?;
        let cell = row.clarities.iter().find(|cell| cell.clarity == clarity)?;
        Some(cell.price_per_carat_usd)
    }
}
