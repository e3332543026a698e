//! Explains a price: what each property of the stone adds to the price of a typical one.
//!
//! The change from the price of the typical stone to that of this one is divided by exact Shapley values: one property after the other
//! becomes that of the stone, in every order (baseline Shapley values: Sundararajan and Najmi, "The many Shapley values for model
//! explanation", 2020). Prices are those that a fresh question would get, so the effects make up the price whatever model it is
//! of, and a property that is that of the typical stone has no effect.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapley::shapley;
use crate::diamond::{Clarity, Color, Cut, FIELDS, Grade, Stone, StoneDescription, Told};
use crate::learning::families::PricesByGrade;
use crate::learning::promises::PromisedModel;
use crate::text::{decimals, plain, signed_dollars, to_the_cent};
use crate::words::{say, translate};

/// A price, divided among the properties of the stone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The price of a typical stone, in US dollars, to the cent: of median weight and proportions, with the commonest grades. What was
    /// not told of this stone is not told of that one either.
    pub typical_usd: f64,
    /// The typical stone. Explanations of earlier versions do not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typical: Option<StoneDescription>,
    /// What each property adds to it. Together they make the price, to the cent.
    pub effects: Vec<Effect>,
    /// The same as sentences, the largest effect first; small ones are one sentence together.
    pub reasons: Vec<Reason>,
}

/// What one property adds to a price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// `carat` (the measures grow with it), `cut`, `color`, `clarity` or `proportions`.
    pub feature: String,
    /// What it adds in US dollars, to the cent.
    pub effect_usd: f64,
}

/// What one property of the stone adds to a price, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// `size`, `cut`, `color`, `clarity`, `proportions` or `rest`.
    pub about: String,
    /// What it adds in US dollars, to the cent.
    pub effect_usd: f64,
    /// A sentence for people, such as `Colour H instead of the typical G: −$212`.
    pub sentence: String,
}

/// The properties that become those of the stone.
const PROPERTIES: [&str; 5] = ["carat", Cut::SCALE, Color::SCALE, Clarity::SCALE, PROPORTIONS];
const PROPORTIONS: &str = "proportions";
/// Effects below this share of the price are one sentence.
const SMALL_SHARE: f64 = 0.01;

impl Explanation {
    /// Explains why `stone` costs `price_usd`, which is to the cent. `None` if a price is none.
    ///
    /// ln(price / typical) is divided; each dollar of the difference is divided in the same proportions, which is the logarithmic mean
    /// Divisia index (Ang, "The LMDI approach to decomposition analysis: a practical guide", 2005): the effects add up, and two
    /// that cancel each other in the logarithm do so in dollars. The cents that remain after rounding are added to the largest
    /// effect.
    pub(super) fn new(price_usd: f64, stone: &Stone, typical: &Stone, model: &PromisedModel) -> Option<Self> {
        let stone = stone.settled();
        let typical = told_alike(typical, &stone);
        let (typical_usd, shares) = typical_price_and_shares(&stone, &typical, model);
        let total: f64 = shares.iter().sum();
        let dollars_per_unit =
            // the limit where nothing changes
            if total.abs() < 1e-12 { typical_usd } else { typical_usd * total.exp_m1() / total };
        let cents = |amount_usd: f64| (amount_usd * 100.0).round();
        let mut effects = shares.map(|share| cents(share * dollars_per_unit));
        let left = cents(price_usd) - cents(typical_usd) - effects.iter().sum::<f64>();
        if !left.is_finite() {
            return None;
        }
        *effects.iter_mut().max_by(|a, b| a.abs().total_cmp(&b.abs()))? += left;
        let effects: Vec<(&str, f64)> = PROPERTIES.into_iter().zip(effects.map(|effect| effect / 100.0)).collect();
        let knows_proportions = typical.told() != Told::FourCs;
        Some(Self {
            typical_usd: to_the_cent(typical_usd),
            typical: Some(StoneDescription::of_stone(&typical)),
            reasons: reasons(price_usd, &effects, &stone, &typical),
            effects: effects
                .into_iter()
                .filter(|(property, _)| *property != PROPORTIONS || knows_proportions)
                .map(|(feature, effect_usd)| Effect { feature: feature.to_owned(), effect_usd })
                .collect(),
        })
    }
}

/// The `typical` stone with nothing told that was not told of `stone`.
fn told_alike(typical: &Stone, stone: &Stone) -> Stone {
    let alike = |usual: f64, own: f64| if own.is_nan() { own } else { usual };
    let typical = typical.turned();
    Stone {
        depth_percent: alike(typical.depth_percent, stone.depth_percent),
        table_percent: alike(typical.table_percent, stone.table_percent),
        x_mm: alike(typical.x_mm, stone.x_mm),
        y_mm: alike(typical.y_mm, stone.y_mm),
        z_mm: alike(typical.z_mm, stone.z_mm),
        ..typical
    }
}

/// The price of the typical stone in US dollars, and the part of each of the [`PROPERTIES`] in ln(price / typical price).
fn typical_price_and_shares(stone: &Stone, typical: &Stone, model: &PromisedModel) -> (f64, [f64; 5]) {
    // all grades of a stone are priced at once: what remains are weight, cut and proportions
    let prices: [PricesByGrade; 8] = std::array::from_fn(|ours| {
        let pick = |bit: usize| if ours >> bit & 1 == 1 { stone } else { typical };
        let (weight, cut, proportions) = (pick(0), pick(1), pick(2));
        let growth = (weight.weight_carat / proportions.weight_carat).cbrt();
        model.prices_by_grade(&Stone {
            weight_carat: weight.weight_carat,
            cut: cut.cut,
            x_mm: proportions.x_mm * growth,
            y_mm: proportions.y_mm * growth,
            z_mm: proportions.z_mm * growth,
            ..*proportions
        })
    });
    let shares = shapley(|ours| {
        let pick = |bit: usize| if ours >> bit & 1 == 1 { stone } else { typical };
        let (color, clarity) = (pick(2).color, pick(3).clarity);
        prices[ours & 0b11 | (ours >> 4 & 1) << 2].0[PricesByGrade::place(color, clarity)]
    });
    (prices[0].price_usd(typical.color, typical.clarity), shares)
}

/// The effects as sentences, which add up to the same.
fn reasons(price_usd: f64, effects: &[(&str, f64)], stone: &Stone, typical: &Stone) -> Vec<Reason> {
    let is_small = |effect_usd: f64| effect_usd.abs() < SMALL_SHARE * price_usd;
    let felt = effects.iter().filter(|(_, effect_usd)| effect_usd.abs() >= 0.005);
    let (small, large): (Vec<_>, Vec<_>) = felt.partition(|(_, effect_usd)| is_small(*effect_usd));
    let reason = |about: &str, effect_usd: f64, words: String| {
        let sentence = format!("{words}: {}", signed_dollars(effect_usd));
        Reason { about: about.to_owned(), effect_usd, sentence }
    };
    let one = |(property, effect_usd): &(&str, f64)| {
        let about = if *property == "carat" { "size" } else { property };
        reason(about, *effect_usd, describe(property, stone, typical))
    };
    let mut reasons: Vec<Reason> = large.into_iter().map(one).collect();
    reasons.sort_by(|a, b| b.effect_usd.abs().total_cmp(&a.effect_usd.abs()));
    match small.as_slice() {
        [] => {}
        [only] => reasons.push(one(only)),
        several => {
            let sum = to_the_cent(several.iter().map(|(_, effect_usd)| effect_usd).sum());
            let names: Vec<String> = several.iter().map(|(property, _)| property_in_words(property)).collect();
            let (last, before) = names.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
            reasons.push(reason("rest", sum, say!("Small effects of {} and {} together", before.join(", "), last)));
        }
    }
    reasons
}

/// The name of a property of the effects inside a sentence.
#[must_use]
pub fn property_in_words(property: &str) -> String {
    match property {
        "carat" => say!("weight"),
        Cut::SCALE => say!("cut"),
        Color::SCALE => say!("colour"),
        Clarity::SCALE => say!("clarity"),
        PROPORTIONS => say!("proportions"),
        other => other.to_owned(),
    }
}

/// `stone` compared with the `typical` one with regard to `property`, without the effect in dollars.
fn describe(property: &str, stone: &Stone, typical: &Stone) -> String {
    if let Some(place) = FIELDS.iter().position(|field| !field.is_number() && field.name == property) {
        let field = &FIELDS[place];
        let grade_of = |stone: &Stone| stone.values()[place].map_or_else(String::new, |rank| field.write(rank));
        return say!("{} {} instead of the typical {}", translate(field.label), grade_of(stone), grade_of(typical));
    }
    if property != PROPORTIONS {
        return say!(
            "Weight {} ct instead of the typical {} ct",
            plain(stone.weight_carat),
            plain(typical.weight_carat)
        );
    }
    let percents = [
        (say!("depth"), stone.depth_percent, typical.depth_percent),
        (say!("table"), stone.table_percent, typical.table_percent),
    ];
    let mut differences: Vec<String> = percents
        .into_iter()
        .map(|(name, own, usual)| (name, decimals(own, 1), decimals(usual, 1), own.is_nan()))
        .filter(|(_, own, usual, is_unknown)| !is_unknown && own != usual)
        .map(|(name, own, usual, _)| say!("{} {} % instead of the typical {} %", name, own, usual))
        .collect();
    if !stone.x_mm.is_nan() && !stone.y_mm.is_nan() {
        let growth = (stone.weight_carat / typical.weight_carat).cbrt();
        let size = |x_mm: f64, y_mm: f64| format!("{} × {} mm", decimals(x_mm, 2), decimals(y_mm, 2));
        let (own, usual) = (size(stone.x_mm, stone.y_mm), size(typical.x_mm * growth, typical.y_mm * growth));
        if own != usual {
            differences.push(say!("{} where {} is typical of its weight", own, usual));
        }
    }
    match differences.as_slice() {
        [] => say!("Proportions that are nearly typical"),
        _ => say!("Proportions, {}", differences.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::families::Model;

    const TYPICAL: Stone = Stone {
        weight_carat: 0.7,
        cut: Cut::Ideal,
        color: Color::G,
        clarity: Clarity::VS2,
        depth_percent: 61.8,
        table_percent: 57.0,
        x_mm: 5.70,
        y_mm: 5.68,
        z_mm: 3.52,
    };

    /// A price of all properties, which falls nowhere.
    struct Formula;

    impl Model for Formula {
        fn price_usd(&self, stone: &Stone) -> f64 {
            let ranks = stone.cut.rank() + 10 * stone.color.rank() + 20 * stone.clarity.rank();
            let depth = if stone.depth_percent.is_nan() { 61.0 } else { stone.depth_percent };
            let grades = 1.0 + f64::from(u32::try_from(ranks).expect("small")) / 500.0;
            5_000.0 * stone.weight_carat.powf(1.6) * grades * (1.0 - (depth - 61.0).abs() / 100.0)
        }
    }

    fn explain(stone: &Stone) -> Explanation {
        let model = PromisedModel::new(Box::new(Formula));
        Explanation::new(to_the_cent(model.price_usd(stone)), stone, &TYPICAL, &model).expect("prices")
    }

    #[test]
    fn effects_and_reasons_add_up_to_the_cent_whatever_was_told() {
        let model = PromisedModel::new(Box::new(Formula));
        let whole = Stone { cut: Cut::Fair, ..Stone::EXAMPLE };
        for stone in [whole, whole.without_sizes(), whole.with_four_cs_only(), TYPICAL] {
            let explanation = explain(&stone);
            let left = to_the_cent(model.price_usd(&stone)) - explanation.typical_usd;
            let effects: f64 = explanation.effects.iter().map(|effect| effect.effect_usd).sum();
            let reasons: f64 = explanation.reasons.iter().map(|reason| reason.effect_usd).sum();
            assert!((effects - left).abs() < 1e-6 && (reasons - left).abs() < 1e-6, "{explanation:?}");
        }
    }

    #[test]
    fn nothing_is_compared_with_itself_and_nothing_is_said_of_what_was_not_told() {
        let explanation = explain(&TYPICAL);
        assert_eq!(explanation.reasons, [], "{explanation:?}");
        let stone = Stone { weight_carat: 1.1, color: Color::H, ..TYPICAL };
        let sentences =
            |stone: &Stone| explain(stone).reasons.iter().map(|reason| reason.sentence.clone()).collect::<Vec<_>>();
        let said = sentences(&stone.with_four_cs_only());
        assert!(said[0].starts_with("Weight 1.1 ct instead of the typical 0.7 ct: +$"), "{said:?}");
        assert!(said[1].starts_with("Colour H instead of the typical G: −$"), "{said:?}");
        assert_eq!(said.len(), 2, "{said:?}");
        let deep = Stone { depth_percent: 66.0, ..TYPICAL }.without_sizes();
        let said = sentences(&deep);
        assert!(said[0].starts_with("Proportions, depth 66.0 % instead of the typical 61.8 %: −$"), "{said:?}");
        assert_eq!(said.len(), 1, "the table is the typical one: {said:?}");
    }

    #[test]
    fn small_effects_are_one_sentence() {
        let stone = Stone { weight_carat: 1.5, cut: Cut::Premium, depth_percent: 61.9, ..TYPICAL }.without_sizes();
        let explanation = explain(&stone);
        let last = explanation.reasons.last().expect("some");
        assert!(last.sentence.starts_with("Small effects of cut and proportions together: −$"), "{explanation:?}");
        assert_eq!(explanation.reasons.len(), 2, "{explanation:?}");
    }
}
