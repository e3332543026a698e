//! Warnings for somebody who is about to pay a price.

use super::{ServedModel, SimilarIndex, reliability};
use crate::diamond::{DEPTH_TOLERANCE_PERCENT, Stone, depth_percent_of};
use crate::learning::promises::PromisedModel;
use crate::store::StoreError;
use crate::text::{decimals, dollars, plain, signed_percent};
use crate::words::say;

/// Largest difference in weight, as a share, to a stone that counts as similar.
const LIKE_WEIGHT: f64 = 0.2;
/// With fewer stones of the same grades and about the same weight there is a warning.
const FEW: usize = 3;

/// Another model to compare with, and the usual difference between the two.
pub(super) struct Challenger {
    pub model: std::sync::Arc<ServedModel>,
    /// The logarithm of the two prices' ratio, without its sign, that 99 of 100 stones stay below.
    pub usual: f64,
}

/// All warnings about `stone`, which the champion or another `model` priced at `price_usd`.
///
/// # Errors
/// If the similar stones cannot be read.
pub(super) fn of(
    stone: &Stone,
    price_usd: f64,
    model: &ServedModel,
    similar: &SimilarIndex,
    challenger: Option<&Challenger>,
) -> Result<Vec<String>, StoreError> {
    let mut warnings: Vec<String> = contradiction(stone, price_usd, &model.prices, similar).into_iter().collect();
    if model.corrected_by.abs() > 0.0 {
        warnings.push(say!(
            "the price is corrected by {}, because prices have moved since model {} was trained",
            signed_percent(model.corrected_by),
            model.id
        ));
    }
    let group = similar.group(stone.cut, stone.color, stone.clarity)?;
    let like = group.lighter_than(stone.weight_carat * (1.0 + LIKE_WEIGHT))
        - group.lighter_than(stone.weight_carat * (1.0 - LIKE_WEIGHT));
    if like < FEW {
        let sold = match like {
            0 => say!("no stone of these grades and about this weight was sold"),
            1 => say!("only one stone of these grades and about this weight was sold"),
            _ => say!("only two stones of these grades and about this weight were sold"),
        };
        warnings.push(say!("{}: ask for a second opinion", sold));
    }
    if let Some(challenger) = challenger {
        let prices = &challenger.model.prices;
        let differs = |other_usd: f64| {
            let apart = (other_usd / price_usd).ln().abs();
            // a price below zero has no logarithm, and counts as the largest difference
            apart.is_nan() || apart > challenger.usual
        };
        // what it would answer takes longer, and is seldom needed
        let other_usd =
            Some(stone).filter(|stone| differs(prices.rough_price_usd(stone))).map(|stone| prices.price_usd(stone));
        if let Some(other_usd) = other_usd.filter(|other_usd| differs(*other_usd)) {
            warnings.push(say!(
                "the {} model predicts {}; for 99 of 100 stones the two differ less",
                challenger.model.family,
                dollars(other_usd)
            ));
        }
    }
    Ok(warnings)
}

/// What the measurements of `stone` contradict, which of the two is believed, and what the other would change.
fn contradiction(stone: &Stone, price_usd: f64, model: &PromisedModel, similar: &SimilarIndex) -> Option<String> {
    let measured = stone.turned().with_height();
    let told = match (measured.x_mm.is_nan(), measured.z_mm.is_nan()) {
        (false, false) => format!("{} × {} × {} mm", plain(stone.x_mm), plain(stone.y_mm), decimals(measured.z_mm, 2)),
        (false, true) => format!("{} × {} mm", plain(measured.x_mm), plain(measured.y_mm)),
        (true, _) => format!("{} {} mm", say!("a height of"), plain(measured.z_mm)),
    };
    if let Some(measured_carat) = measured.contradicting_weight_carat() {
        let by_measures = Stone { weight_carat: (measured_carat * 100.0).round().max(1.0) / 100.0, ..*stone };
        let other = other_price(&by_measures, price_usd, model, similar);
        return Some(say!(
            "the measurements contradict the weight: {} would be about {} ct, not {} ct. The weight is believed, and the measurements are left out{}",
            told,
            decimals(measured_carat, 2),
            plain(stone.weight_carat),
            other.map_or_else(String::new, |other| {
                say!("; at {} ct the price would be {}", decimals(measured_carat, 2), other)
            })
        ));
    }
    let measured_depth = depth_percent_of(measured.x_mm, measured.y_mm, measured.z_mm);
    if (measured_depth - stone.depth_percent).abs() > DEPTH_TOLERANCE_PERCENT {
        let by_measures = Stone { depth_percent: measured_depth, ..*stone };
        let other = other_price(&by_measures, price_usd, model, similar);
        return Some(say!(
            "the measurements contradict the depth: they make it {} %, not {} %. Both are believed{}",
            decimals(measured_depth, 1),
            plain(stone.depth_percent),
            other.map_or_else(String::new, |other| {
                say!("; with a depth of {} % the price would be {}", decimals(measured_depth, 1), other)
            })
        ));
    }
    None
}

/// By how much the price of another reading of a stone differs from `price_usd`; `None` if there is no reliable one.
fn other_price(other: &Stone, price_usd: f64, model: &PromisedModel, similar: &SimilarIndex) -> Option<String> {
    if !reliability::doubts(other, similar).is_empty() {
        return None;
    }
    let more_usd = model.price_usd(other) - price_usd;
    Some(format!("{} {}", dollars(more_usd.abs()), if more_usd < 0.0 { say!("less") } else { say!("more") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Cut};
    use crate::generator::Generator;
    use crate::learning::families::Model;

    fn index() -> SimilarIndex {
        SimilarIndex::new(&Generator::new(5).take(20_000).collect::<Vec<_>>())
    }

    /// A price by weight and depth.
    struct Formula;

    impl Model for Formula {
        fn price_usd(&self, stone: &Stone) -> f64 {
            let depth = if stone.depth_percent.is_nan() { 61.8 } else { stone.depth_percent };
            5_000.0 * stone.weight_carat - 100.0 * (depth - 61.8).abs()
        }
    }

    fn warnings(stone: &Stone) -> Vec<String> {
        let prices = PromisedModel::new(Box::new(Formula));
        let model = ServedModel { id: 1, family: "formula".to_owned(), calibration: None, corrected_by: 0.0, prices };
        of(stone, model.prices.price_usd(stone), &model, &index(), None).expect("in memory")
    }

    /// A stone of the most common kind, without any defect.
    const USUAL: Stone = Stone {
        weight_carat: 1.01,
        cut: Cut::Ideal,
        clarity: Clarity::VS2,
        depth_percent: 61.8,
        table_percent: 57.0,
        x_mm: 6.45,
        y_mm: 6.47,
        z_mm: 3.99,
        ..Stone::EXAMPLE
    };

    #[test]
    fn nothing_is_said_of_a_usual_stone() {
        assert_eq!(warnings(&USUAL), Vec::<String>::new());
    }

    #[test]
    fn what_contradicts_itself_is_said_with_what_is_believed_and_what_the_other_reading_would_change() {
        let heavy = warnings(&Stone { weight_carat: 2.0, ..USUAL });
        assert!(heavy[0].contains("would be about 1.02 ct, not 2 ct. The weight is believed"), "{heavy:?}");
        assert!(heavy[0].ends_with("at 1.02 ct the price would be $4,900 less"), "{heavy:?}");
        let without_height = warnings(&Stone { weight_carat: 2.0, z_mm: f64::NAN, ..USUAL });
        assert!(without_height[0].contains("6.45 × 6.47 × 3.99 mm would be about 1.02 ct"), "{without_height:?}");
        let wide = warnings(&Stone { x_mm: 8.0, y_mm: 8.0, ..USUAL.with_four_cs_only() });
        assert!(wide[0].contains("8 × 8 mm would be about 1.93 ct, not 1.01 ct. The weight is believed"), "{wide:?}");
        let high = warnings(&Stone { z_mm: 5.0, ..USUAL.with_four_cs_only() });
        assert!(high[0].contains("a height of 5 mm would be about 2.00 ct, not 1.01 ct"), "{high:?}");
        let flat = warnings(&Stone { depth_percent: 58.0, ..USUAL });
        let said = "the measurements contradict the depth: they make it 61.8 %, not 58 %. Both are believed; with a depth of 61.8 % the \
                    price would be $376 more";
        assert_eq!(flat, [said]);
    }

    #[test]
    fn a_reading_without_a_reliable_price_has_none() {
        let typed = warnings(&Stone { x_mm: 200.0, ..USUAL });
        assert!(
            typed[0].ends_with(
                "would be about 31.55 ct, not 1.01 ct. The weight is believed, and the measurements are left out"
            ),
            "{typed:?}"
        );
    }

    #[test]
    fn what_was_hardly_ever_sold_is_said() {
        let said = warnings(&Stone { weight_carat: 40.0, ..USUAL }.with_four_cs_only());
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("no stone of these grades"), "{said:?}");
    }
}
