//! The price of one stone, as it is told to people and programs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Explanation, PricingError, ServedModel};
use crate::diamond::{Measurements, Stone};
use crate::learning::evaluation::PriceRange;
use crate::text::to_the_cent;

/// Least amount that is taken for a price of a diamond, in US dollars.
pub const MIN_PRICE_USD: f64 = 0.01;
/// Most that is taken for one: ten times what any diamond ever fetched.
pub const MAX_PRICE_USD: f64 = 1e9;

/// A price and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// The price in US dollars, to the cent.
    pub price_usd: f64,
    /// What stones like it fetch nine times in ten; absent if the model has seen too few to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_usd: Option<PriceRange>,
    /// The price by weight in US dollars a carat, to the cent.
    pub price_per_carat_usd: f64,
    /// Always `USD`.
    pub currency: String,
    /// The model that said so.
    pub model: ModelName,
    /// Measurements that were not given and were filled in from similar stones.
    pub assumed: Measurements,
    /// What somebody who is about to pay should know besides, each a sentence.
    pub warnings: Vec<String>,
    /// Why the price is what it is, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// Which model answered.
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

    /// What `model` says of `stone`.
    ///
    /// # Errors
    /// If that is no price at all: a straight line, far from all it has seen, can go below zero or beyond all bounds.
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
