//! Explains a price: what each feature of the stone adds to the price of a typical one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::diamond::{FIELDS, Field, Stone};
use crate::learning::families::Contributions;
use crate::learning::features::Target;
use crate::text::{signed_dollars, to_the_cent};

/// A price, divided among the features of the stone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The price of a typical stone, in US dollars, to the cent: the prediction without any knowledge of this one.
    pub typical_usd: f64,
    /// What each feature adds to it. Together they make the price, to the cent.
    pub effects: Vec<Effect>,
    /// The same as sentences, with features of one topic joined, the largest effect first.
    pub reasons: Vec<Reason>,
}

/// What one feature adds to a price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// Name of the feature.
    pub feature: String,
    /// What it adds in US dollars, to the cent.
    pub effect_usd: f64,
}

/// What one property of the stone adds to a price, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// `size`, `cut`, `color`, `clarity` or `proportions`.
    pub about: String,
    /// What it adds in US dollars, to the cent.
    pub effect_usd: f64,
    /// A sentence for people, such as `Colour H instead of the typical G: −$212`.
    pub sentence: String,
}

const SIZE: &str = "size";
const PROPORTIONS: &str = "proportions";
/// The features whose topic is size.
const SIZE_FEATURES: [&str; 4] = ["carat", "x", "y", "z"];

/// The topic of a feature: size, one of the grades, or else the proportions.
fn topic_of(feature: &str) -> &'static str {
    match Field::find(feature) {
        Some(field) if !field.is_number() => field.name,
        _ if SIZE_FEATURES.contains(&feature) => SIZE,
        _ => PROPORTIONS,
    }
}

impl Explanation {
    /// Explains why `stone` costs `price_usd`, which is to the cent, by the `contributions` to it. `None` if they are not
    /// finite.
    ///
    /// A model of the logarithm of the price divides ln(price / typical); each dollar of the difference is divided in the
    /// same proportions, which is the logarithmic mean Divisia index (Ang, "The LMDI approach to decomposition analysis: a
    /// practical guide", 2005): the effects add up, and two that cancel each other in the logarithm do so in dollars. The cents
    /// that remain after rounding are added to the largest effect.
    pub(super) fn new(price_usd: f64, stone: &Stone, typical: &Stone, contributions: &Contributions) -> Option<Self> {
        let typical_usd = contributions.target.to_price(contributions.base);
        let total: f64 = contributions.of.iter().map(|(_, value)| value).sum();
        let dollars_per_unit = match contributions.target {
            Target::Price => 1.0,
            // the limit where nothing changes
            Target::LogPrice if total.abs() < 1e-12 => typical_usd,
            Target::LogPrice => (contributions.target.to_price(contributions.base + total) - typical_usd) / total,
        };
        let cents = |amount_usd: f64| (amount_usd * 100.0).round();
        let mut shares: Vec<(&str, f64)> =
            contributions.of.iter().map(|(name, value)| (*name, cents(value * dollars_per_unit))).collect();
        let left = cents(price_usd) - cents(typical_usd) - shares.iter().map(|(_, share)| share).sum::<f64>();
        if !left.is_finite() {
            return None;
        }
        shares.iter_mut().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?.1 += left;
        let grades = FIELDS.iter().filter(|field| !field.is_number()).map(|field| field.name);
        let mut reasons: Vec<Reason> = [SIZE]
            .into_iter()
            .chain(grades)
            .chain([PROPORTIONS])
            .filter_map(|topic| {
                let mut found = shares.iter().filter(|(name, _)| topic_of(name) == topic).peekable();
                found.peek()?;
                let effect_usd = found.map(|(_, share)| share).sum::<f64>() / 100.0;
                let sentence = format!("{}: {}", describe(topic, stone, typical), signed_dollars(effect_usd));
                Some(Reason { about: topic.to_owned(), effect_usd, sentence })
            })
            .collect();
        reasons.sort_by(|a, b| b.effect_usd.abs().total_cmp(&a.effect_usd.abs()));
        let effects =
            shares.into_iter().map(|(name, share)| Effect { feature: name.to_owned(), effect_usd: share / 100.0 });
        Some(Self { typical_usd: to_the_cent(typical_usd), effects: effects.collect(), reasons })
    }
}

/// `stone` compared with the `typical` one with regard to `topic`, without the effect in dollars.
fn describe(topic: &str, stone: &Stone, typical: &Stone) -> String {
    let scale = FIELDS.iter().position(|field| !field.is_number() && field.name == topic);
    match (topic, scale) {
        (_, Some(place)) => {
            let field = &FIELDS[place];
            let grade_of =
                |stone: &Stone| stone.values()[place].map_or_else(|| "unknown".to_owned(), |rank| field.write(rank));
            let (ours, usual) = (grade_of(stone), grade_of(typical));
            if ours == usual {
                format!("{} {ours}, as is typical", field.label)
            } else {
                format!("{} {ours} instead of the typical {usual}", field.label)
            }
        }
        (SIZE, _) => {
            format!("Weight and size, {} ct instead of the typical {} ct", stone.weight_carat, typical.weight_carat)
        }
        _ => format!(
            "Proportions, depth {} % and table {} % instead of the typical {} % and {} %",
            stone.depth_percent, stone.table_percent, typical.depth_percent, typical.table_percent
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Color, Cut};

    const TYPICAL: Stone = Stone {
        weight_carat: 0.7,
        cut: Cut::Ideal,
        color: Color::G,
        clarity: Clarity::VS2,
        depth_percent: 61.8,
        table_percent: 57.0,
        ..Stone::EXAMPLE
    };

    fn contributions(of: &[(&'static str, f64)]) -> Contributions {
        Contributions { target: Target::LogPrice, base: 2_000.0_f64.ln(), of: of.to_vec() }
    }

    #[test]
    fn effects_and_the_typical_price_add_up_to_the_cent() {
        let shared_out =
            contributions(&[("carat", 0.5), ("x", 0.3), ("color", -0.2), ("clarity", 0.01), ("spread", 0.003)]);
        let price_usd = to_the_cent(shared_out.total().exp());
        let stone = Stone { weight_carat: 1.1, color: Color::H, ..TYPICAL };
        let explanation = Explanation::new(price_usd, &stone, &TYPICAL, &shared_out).expect("numbers");
        let left = price_usd - explanation.typical_usd;
        for sum in [
            explanation.effects.iter().map(|effect| effect.effect_usd).sum::<f64>(),
            explanation.reasons.iter().map(|reason| reason.effect_usd).sum(),
        ] {
            assert!((sum - left).abs() < 1e-6, "{explanation:?}");
        }
        let sentences: Vec<&str> = explanation.reasons.iter().map(|reason| reason.sentence.as_str()).collect();
        assert_eq!(
            sentences,
            [
                "Weight and size, 1.1 ct instead of the typical 0.7 ct: +$2,208",
                "Colour H instead of the typical G: −$552",
                "Clarity VS2, as is typical: +$28",
                "Proportions, depth 61.8 % and table 57 % instead of the typical 61.8 % and 57 %: +$8"
            ]
        );
    }

    #[test]
    fn effects_that_cancel_each_other_in_the_logarithm_do_so_in_dollars() {
        let shared_out = contributions(&[("carat", 0.4), ("color", -0.4)]);
        let explanation = Explanation::new(2_000.0, &TYPICAL, &TYPICAL, &shared_out).expect("numbers");
        assert!((explanation.effects[0].effect_usd - 800.0).abs() < 1e-9, "{explanation:?}");
        assert!((explanation.effects[1].effect_usd + 800.0).abs() < 1e-9, "{explanation:?}");
    }

    #[test]
    fn every_feature_is_a_reason_of_one_topic() {
        let topics = ["carat", "x", "cut", "clarity", "table", "spread"].map(topic_of);
        assert_eq!(topics, ["size", "size", "cut", "clarity", "proportions", "proportions"]);
    }

    #[test]
    fn what_is_no_number_is_not_explained() {
        assert_eq!(Explanation::new(1.0, &TYPICAL, &TYPICAL, &contributions(&[("carat", f64::NAN)])), None);
        assert_eq!(Explanation::new(1.0, &TYPICAL, &TYPICAL, &contributions(&[])), None);
    }
}
