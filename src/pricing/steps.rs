//! Prices of slightly different stones: one grade up or down, or at the next weight at which the trade's prices jump.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ServedModel;
use crate::diamond::{Clarity, Color, Cut, Grade, Stone};
use crate::text::to_the_cent;

/// Weights at which the trade's prices jump, in carats ("magic sizes").
const MAGIC_CARATS: [f64; 14] = [0.3, 0.4, 0.5, 0.7, 0.9, 1.0, 1.2, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0, 5.0];

/// One change of a stone, and its price with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// What changes: `carat`, `cut`, `color` or `clarity`.
    pub change: String,
    /// Whether the change is for the better: heavier, or a better grade.
    pub up: bool,
    /// Its value now.
    pub from: StepValue,
    /// Its value after the change.
    pub to: StepValue,
    /// The price after the change, in US dollars, to the cent.
    pub price_usd: f64,
    /// The difference to the price now, in US dollars, to the cent.
    pub difference_usd: f64,
}

impl Step {
    /// The change in words, such as `Colour G instead of H`.
    #[must_use]
    pub fn words(&self) -> String {
        let label = match self.change.as_str() {
            Cut::SCALE => "Cut",
            Color::SCALE => "Colour",
            Clarity::SCALE => "Clarity",
            _ => "Weight",
        };
        format!("{label} {} instead of {}", self.to, self.from)
    }
}

/// A weight or a grade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum StepValue {
    /// In carats.
    Carat(f64),
    /// As the trade writes it.
    Grade(String),
}

impl std::fmt::Display for StepValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Carat(carat) => write!(formatter, "{carat} ct"),
            Self::Grade(grade) => formatter.pad(grade),
        }
    }
}

/// Every possible step from `stone`, all else equal; at another weight, length, width and height grow with its cube
/// root. Steps for which the model predicts no valid price are left out.
pub(super) fn of(stone: &Stone, model: &ServedModel) -> Vec<Step> {
    let now_usd = to_the_cent(model.model.price_usd(stone));
    let mut steps = Vec::new();
    let mut take = |change: &str, up: bool, from: StepValue, to: StepValue, changed: &Stone| {
        let price_usd = to_the_cent(model.model.price_usd(changed));
        if price_usd > 0.0 && price_usd.is_finite() {
            let difference_usd = to_the_cent(price_usd - now_usd);
            steps.push(Step { change: change.to_owned(), up, from, to, price_usd, difference_usd });
        }
    };
    for (up, carat) in [(false, magic_below(stone.weight_carat)), (true, magic_above(stone.weight_carat))] {
        if let Some(carat) = carat {
            let values = (StepValue::Carat(stone.weight_carat), StepValue::Carat(carat));
            take("carat", up, values.0, values.1, &at_weight(stone, carat));
        }
    }
    for_neighbours(stone.color, |up, color, values| {
        take(Color::SCALE, up, values.0, values.1, &Stone { color, ..*stone });
    });
    for_neighbours(stone.clarity, |up, clarity, values| {
        take(Clarity::SCALE, up, values.0, values.1, &Stone { clarity, ..*stone });
    });
    for_neighbours(stone.cut, |up, cut, values| {
        take(Cut::SCALE, up, values.0, values.1, &Stone { cut, ..*stone });
    });
    steps
}

/// Calls `each` with the grade below and the grade above, if they exist.
fn for_neighbours<G: Grade>(grade: G, mut each: impl FnMut(bool, G, (StepValue, StepValue))) {
    let below = grade.rank().checked_sub(1).map(|rank| (false, rank));
    for (up, rank) in below.into_iter().chain([(true, grade.rank() + 1)]) {
        if let Some(other) = G::ALL.get(rank) {
            let value = |grade: G| StepValue::Grade(grade.name().to_owned());
            each(up, *other, (value(grade), value(*other)));
        }
    }
}

fn magic_above(carat: f64) -> Option<f64> {
    MAGIC_CARATS.into_iter().find(|magic| *magic > carat)
}

fn magic_below(carat: f64) -> Option<f64> {
    MAGIC_CARATS.into_iter().rev().find(|magic| *magic < carat)
}

/// The stone at another weight, with the same proportions.
fn at_weight(stone: &Stone, carat: f64) -> Stone {
    let growth = (carat / stone.weight_carat).cbrt();
    Stone {
        weight_carat: carat,
        x_mm: stone.x_mm * growth,
        y_mm: stone.y_mm * growth,
        z_mm: stone.z_mm * growth,
        ..*stone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::families::Model;

    /// Prices by weight and grades alone.
    struct Formula;

    impl Model for Formula {
        fn price_usd(&self, stone: &Stone) -> f64 {
            let ranks = stone.cut.rank() + 10 * stone.color.rank() + 100 * stone.clarity.rank();
            1_000.0 * stone.x_mm * stone.y_mm * stone.z_mm / 163.0 + f64::from(u32::try_from(ranks).expect("small"))
        }
    }

    #[test]
    fn every_step_changes_one_thing_and_ends_of_scales_have_no_further() {
        let model = ServedModel { id: 1, family: "formula".to_owned(), calibration: None, model: Box::new(Formula) };
        let stone = Stone {
            weight_carat: 0.95,
            cut: Cut::Ideal,
            clarity: Clarity::I1,
            x_mm: 6.3,
            y_mm: 6.3,
            z_mm: 3.9,
            ..Stone::EXAMPLE
        };
        let steps = of(&stone, &model);
        let told: Vec<(String, String, f64)> =
            steps.iter().map(|step| (step.change.clone(), step.to.to_string(), step.difference_usd)).collect();
        let price = 1_000.0 * 6.3 * 6.3 * 3.9 / 163.0;
        let by_weight = |carat: f64| to_the_cent(price * (carat / 0.95 - 1.0));
        let expected = [
            ("carat", "0.9 ct", by_weight(0.9)),
            ("carat", "1 ct", by_weight(1.0)),
            ("color", "I", -10.0),
            ("color", "G", 10.0),
            ("clarity", "SI2", 100.0),
            ("cut", "Premium", -1.0),
        ];
        assert_eq!(steps[2].words(), "Colour I instead of H");
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (told, expected) in told.iter().zip(expected) {
            assert_eq!((told.0.as_str(), told.1.as_str()), (expected.0, expected.1));
            assert!((told.2 - expected.2).abs() < 0.015, "{told:?}, {expected:?}");
        }
    }

    #[test]
    fn a_magic_weight_leads_to_the_next_ones() {
        assert_eq!((magic_below(1.0), magic_above(1.0)), (Some(0.9), Some(1.2)));
        assert_eq!((magic_below(0.25), magic_above(7.0)), (None, None));
    }
}
