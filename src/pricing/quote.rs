//! The price of one stone, as people and programs get it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Explanation, PricingError, ServedModel};
use crate::diamond::{Measurements, Stone};
use crate::learning::evaluation::PriceRange;
use crate::text::to_the_cent;

/// Least valid price of a diamond, in US dollars.
pub const MIN_PRICE_USD: f64 = 0.01;
/// Greatest valid price: ten times what any diamond ever fetched.
pub const MAX_PRICE_USD: f64 = 1e9;

/// A price, with the model and the measurements that it is based on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// The price in US dollars, to the cent.
    pub price_usd: f64,
    /// The range that the price of nine in ten such stones is in; absent if the model was trained on too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_usd: Option<PriceRange>,
    /// The price by weight in US dollars a carat, to the cent.
    pub price_per_carat_usd: f64,
    /// Always `USD`.
    pub currency: String,
    /// The model that answered.
    pub model: ModelName,
    /// Measurements that were missing and were filled in from similar stones.
    pub assumed: Measurements,
    /// Warnings for somebody who is about to pay the price, each a sentence.
    pub warnings: Vec<String>,
    /// The explanation of the price, if one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// The model that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelName {
    /// Its number.
    pub id: i64,
    /// Its family.
    pub family: String,
}

impl Quote {
    /// The currency of every price.
    pub const CURRENCY: &str = "USD";

    /// The quote of `model` for `stone`.
    ///
    /// # Errors
    /// If the prediction is not a valid price: a linear model, far from its data, can go below zero or beyond all bounds.
    pub(super) fn new(stone: &Stone, assumed: Measurements, model: &ServedModel) -> Result<Self, PricingError> {
        let price_usd = model.model.price_usd(stone);
        if !(MIN_PRICE_USD..=MAX_PRICE_USD).contains(&price_usd) {
            return Err(PricingError::NoPrice { id: model.id, family: model.family.clone() });
        }
        Ok(Self {
            range_usd: model.calibration.as_ref().and_then(|known| known.range(stone.weight_carat, price_usd)),
            price_usd: to_the_cent(price_usd),
            price_per_carat_usd: to_the_cent(price_usd / stone.weight_carat),
            currency: Self::CURRENCY.to_owned(),
            model: ModelName { id: model.id, family: model.family.clone() },
            assumed,
            warnings: Vec::new(),
            explanation: None,
        })
    }
}
