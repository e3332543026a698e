//! The target of a model: the price itself or its logarithm.

use serde::{Deserialize, Serialize};

/// The number that a model is fitted to. It is stored with the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The price in US dollars.
    Price,
    /// The natural logarithm of the price: errors count by their share of the price, and no price is negative.
    LogPrice,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 2] = [Self::Price, Self::LogPrice];

    /// The name as it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::LogPrice => "log_price",
        }
    }

    /// The target of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// From a price in US dollars to the target.
    #[must_use]
    pub fn from_price(self, price_usd: f64) -> f64 {
        match self {
            Self::Price => price_usd,
            Self::LogPrice => price_usd.ln(),
        }
    }

    /// From a prediction of the target to a price in US dollars.
    #[must_use]
    pub fn to_price(self, value: f64) -> f64 {
        match self {
            Self::Price => value,
            Self::LogPrice => value.exp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_survives_the_way_there_and_back() {
        for target in Target::ALL {
            assert!((target.to_price(target.from_price(4_733.0)) - 4_733.0).abs() < 1e-8);
            assert_eq!(Target::from_name(target.name()), Some(target));
        }
    }
}
