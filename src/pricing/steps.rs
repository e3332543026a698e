//! Prices of slightly different stones: one grade up or down, or at the next weight at which the trade's prices jump.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::quote::is_price;
use crate::diamond::{Clarity, Color, Cut, Grade, Measurements, StoneDescription};
use crate::learning::promises::PromisedModel;
use crate::text::{plain, to_the_cent};
use crate::words::say;

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
    /// The stone after the change.
    pub stone: StoneDescription,
    /// Its price, in US dollars, to the cent: what a question about it is answered.
    pub price_usd: f64,
    /// The difference to the price now, in US dollars, to the cent.
    pub difference_usd: f64,
    /// False where the stone after the change lies outside of what was sold: then the price is only what the model says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliable: Option<bool>,
}

impl Step {
    /// The change in words, such as `Colour G instead of H`.
    #[must_use]
    pub fn words(&self) -> String {
        let label = match self.change.as_str() {
            Cut::SCALE => say!("Cut"),
            Color::SCALE => say!("Colour"),
            Clarity::SCALE => say!("Clarity"),
            _ => say!("Weight"),
        };
        say!("{} {} instead of {}", label, self.to, self.from)
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
            Self::Carat(carat) => write!(formatter, "{} ct", plain(*carat)),
            Self::Grade(grade) => formatter.pad(grade),
        }
    }
}

/// Every possible step from the stone described, all else equal; at another weight, length, width and height grow with its cube root.
/// The price of a step is what a question about its stone would be answered. Steps for which the model predicts no valid price
/// are left out.
/// `is_reliable` says of a stone whether it lies inside of what was sold.
pub(super) fn of(
    description: &StoneDescription,
    model: &PromisedModel,
    is_reliable: impl Fn(&StoneDescription) -> bool,
) -> Vec<Step> {
    // one walk prices every colour and clarity
    let by_grade = model.prices_by_grade(&description.stone());
    let now_usd = to_the_cent(by_grade.price_usd(description.color, description.clarity));
    let mut steps = Vec::new();
    let mut take = |change: &str, up: bool, [from, to]: [StepValue; 2], stone: StoneDescription, price_usd: f64| {
        if is_price(price_usd) {
            let price_usd = to_the_cent(price_usd);
            let difference_usd = to_the_cent(price_usd - now_usd);
            let reliable = Some(is_reliable(&stone));
            steps.push(Step { change: change.to_owned(), up, from, to, stone, price_usd, difference_usd, reliable });
        }
    };
    for (up, carat) in [(false, magic_below(description.carat)), (true, magic_above(description.carat))] {
        if let Some(carat) = carat {
            let values = [description.carat, carat].map(StepValue::Carat);
            let stone = at_weight(description, carat);
            take("carat", up, values, stone, model.price_usd(&stone.stone()));
        }
    }
    for_neighbours(description.color, |up, color, values| {
        let stone = StoneDescription { color, ..*description };
        take(Color::SCALE, up, values, stone, by_grade.price_usd(color, description.clarity));
    });
    for_neighbours(description.clarity, |up, clarity, values| {
        let stone = StoneDescription { clarity, ..*description };
        take(Clarity::SCALE, up, values, stone, by_grade.price_usd(description.color, clarity));
    });
    for_neighbours(description.cut, |up, cut, values| {
        let stone = StoneDescription { cut, ..*description };
        take(Cut::SCALE, up, values, stone, model.price_usd(&stone.stone()));
    });
    steps
}

/// Calls `each` with the grade below and the grade above, if they exist.
fn for_neighbours<G: Grade>(grade: G, mut each: impl FnMut(bool, G, [StepValue; 2])) {
    let below = grade.rank().checked_sub(1).map(|rank| (false, rank));
    for (up, rank) in below.into_iter().chain([(true, grade.rank() + 1)]) {
        if let Some(other) = G::ALL.get(rank) {
            let value = |grade: G| StepValue::Grade(grade.name().to_owned());
            each(up, *other, [value(grade), value(*other)]);
        }
    }
}

fn magic_above(carat: f64) -> Option<f64> {
    MAGIC_CARATS.into_iter().find(|magic| *magic > carat)
}

fn magic_below(carat: f64) -> Option<f64> {
    MAGIC_CARATS.into_iter().rev().find(|magic| *magic < carat)
}

/// The stone at another weight, with the same proportions: sizes to the hundredth of a millimetre, as they are measured.
fn at_weight(description: &StoneDescription, carat: f64) -> StoneDescription {
    let growth = (carat / description.carat).cbrt();
    let grown = |size: Option<f64>| size.map(|size| ((size * growth * 100.0).round() / 100.0).max(0.01));
    let told = description.measurements;
    let measurements = Measurements { x: grown(told.x), y: grown(told.y), z: grown(told.z), ..told };
    StoneDescription { carat, measurements, ..*description }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Stone;
    use crate::learning::families::Model;

    /// Prices by weight and grades alone.
    struct Formula;

    impl Model for Formula {
        fn price_usd(&self, stone: &Stone) -> f64 {
            let ranks = stone.cut.rank() + 10 * stone.color.rank() + 100 * stone.clarity.rank();
            let size =
                if stone.x_mm.is_nan() { 163.0 * stone.weight_carat } else { stone.x_mm * stone.y_mm * stone.z_mm };
            1_000.0 * size / 163.0 + f64::from(u32::try_from(ranks).expect("small"))
        }
    }

    #[test]
    fn every_step_changes_one_thing_and_is_what_a_fresh_question_is_answered() {
        let model = PromisedModel::new(Box::new(Formula));
        let sizes = Measurements { x: Some(6.3), y: Some(6.27), z: Some(3.9), ..Measurements::default() };
        for measurements in [sizes, Measurements::default()] {
            let stone = StoneDescription {
                measurements,
                ..StoneDescription::of_four_cs(0.95, Cut::Ideal, Color::H, Clarity::I1)
            };
            let steps = of(&stone, &model, |stone| stone.cut == Cut::Ideal);
            let told: Vec<(&str, String)> =
                steps.iter().map(|step| (step.change.as_str(), step.to.to_string())).collect();
            let expected = [
                ("carat", "0.9 ct"),
                ("carat", "1 ct"),
                ("color", "I"),
                ("color", "G"),
                ("clarity", "SI2"),
                ("cut", "Premium"),
            ];
            assert!(
                told.iter().zip(expected).all(|(told, expected)| (told.0, told.1.as_str()) == expected),
                "{told:?}"
            );
            assert_eq!((steps.len(), steps[2].words()), (6, "Colour I instead of H".to_owned()));
            let now_usd = to_the_cent(model.price_usd(&stone.stone()));
            for step in &steps {
                let fresh_usd = to_the_cent(model.price_usd(&step.stone.stone()));
                assert_eq!(step.price_usd.to_bits(), fresh_usd.to_bits(), "{step:?}");
                assert!((step.price_usd - now_usd - step.difference_usd).abs() < 0.005, "{step:?}");
                assert_eq!(step.difference_usd > 0.0, step.up, "{step:?}");
                assert_eq!(step.reliable, Some(step.change != "cut"), "{step:?}");
            }
        }
    }

    #[test]
    fn a_magic_weight_leads_to_the_next_ones() {
        assert_eq!((magic_below(1.0), magic_above(1.0)), (Some(0.9), Some(1.2)));
        assert_eq!((magic_below(0.25), magic_above(7.0)), (None, None));
    }
}
