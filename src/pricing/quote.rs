//! The price of one stone, as people and programs get it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Explanation, PricingError, ServedModel};
use crate::diamond::{Measurements, StoneDescription};
use crate::learning::evaluation::{Confidence, PriceRange};
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
    /// The range that the price of nine in ten such stones is in, or of as many as were asked for; absent if the model was trained on
    /// too few, and where the price is not reliable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_usd: Option<PriceRange>,
    /// The price by weight in US dollars a carat, to the cent.
    pub price_per_carat_usd: f64,
    /// Always `USD`.
    pub currency: String,
    /// The model that answered.
    pub model: ModelName,
    /// Nothing: what is not told is missing, and not made up. Earlier versions filled measurements in from similar stones.
    pub assumed: Measurements,
    /// The fields that were not told: the price is that of such stones in general. Absent in answers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_told: Option<Vec<String>>,
    /// False where the stone lies outside of what was sold: then there is no range, and the price is only what the model says.
    /// Absent in answers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliable: Option<bool>,
    /// Why the price is not reliable, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreliable_because: Vec<String>,
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
    /// Whether the price is known not to be reliable.
    #[must_use]
    pub fn is_unreliable(&self) -> bool {
        self.reliable == Some(false)
    }

    /// The currency of every price.
    pub const CURRENCY: &str = "USD";

    /// The quote of `model` for the stone described, without warnings. A price that is not reliable has no range.
    ///
    /// # Errors
    /// If the prediction is not a valid price: a linear model, far from its data, can go below zero or beyond all bounds.
    pub(super) fn new(
        description: &StoneDescription,
        model: &ServedModel,
        unreliable_because: Vec<String>,
        confidence: Confidence,
    ) -> Result<Self, PricingError> {
        let stone = description.stone();
        let price_usd = model.prices.price_usd(&stone);
        if !is_price(price_usd) {
            return Err(PricingError::NoPrice { id: model.id, family: model.family.clone() });
        }
        let range = || model.calibration.as_ref().and_then(|known| known.range(&stone, price_usd, confidence));
        Ok(Self {
            range_usd: if unreliable_because.is_empty() { range() } else { None },
            price_usd: to_the_cent(price_usd),
            price_per_carat_usd: to_the_cent(price_usd / stone.weight_carat),
            currency: Self::CURRENCY.to_owned(),
            model: ModelName { id: model.id, family: model.family.clone() },
            assumed: Measurements::default(),
            not_told: Some(description.not_told().map(|field| field.name.to_owned()).collect()),
            reliable: Some(unreliable_because.is_empty()),
            unreliable_because,
            warnings: Vec::new(),
            explanation: None,
        })
    }
}

/// Whether `price_usd` is a valid price of a diamond.
pub(super) fn is_price(price_usd: f64) -> bool {
    (MIN_PRICE_USD..=MAX_PRICE_USD).contains(&price_usd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Color, Cut, Stone};
    use crate::learning::families::Model;
    use crate::learning::promises::PromisedModel;

    /// The same price for every stone.
    struct Constant(f64);

    impl Model for Constant {
        fn price_usd(&self, _stone: &Stone) -> f64 {
            self.0
        }
    }

    #[test]
    fn what_is_no_price_of_a_diamond_is_refused() {
        let stone = StoneDescription::of_four_cs(1.1, Cut::Ideal, Color::H, Clarity::SI2);
        for (price_usd, is_price) in [(-5.0, false), (0.001, false), (4_600.0, true), (1e12, false), (f64::NAN, false)]
        {
            let prices = PromisedModel::new(Box::new(Constant(price_usd)));
            let model =
                ServedModel { id: 3, family: "constant".to_owned(), calibration: None, corrected_by: 0.0, prices };
            let quote = Quote::new(&stone, &model, Vec::new(), Confidence::default());
            assert_eq!(quote.is_ok(), is_price, "{price_usd}");
            if let Err(error) = quote {
                assert!(error.to_string().starts_with("model 3 (constant) finds no price for such a stone"), "{error}");
            }
        }
    }
}
