//! Warnings for somebody who is about to pay a price.

use super::{ServedModel, SimilarIndex};
use crate::diamond::{
    DEPTH_TOLERANCE_PERCENT, Measurements, Stone, WEIGHT_TOLERANCE, depth_percent_of, number_fields, weight_carat_of,
};
use crate::store::StoreError;
use crate::text::dollars;

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

/// All warnings about `stone`, which the model priced at `price_usd`. Values that were `filled_in` cause none.
///
/// # Errors
/// If the similar stones cannot be read.
pub(super) fn of(
    stone: &Stone,
    filled_in: &Measurements,
    price_usd: f64,
    similar: &SimilarIndex,
    challenger: Option<&Challenger>,
) -> Result<Vec<String>, StoreError> {
    let mut warnings = Vec::new();
    let measured_carat = weight_carat_of(stone.x_mm, stone.y_mm, stone.z_mm);
    if (measured_carat / stone.weight_carat - 1.0).abs() > WEIGHT_TOLERANCE {
        warnings.push(format!(
            "the measurements contradict the weight: {} × {} × {} mm would be about {measured_carat:.2} ct, not {} ct",
            stone.x_mm, stone.y_mm, stone.z_mm, stone.weight_carat
        ));
    }
    let measured_depth = depth_percent_of(stone.x_mm, stone.y_mm, stone.z_mm);
    if (measured_depth - stone.depth_percent).abs() > DEPTH_TOLERANCE_PERCENT {
        warnings.push(format!(
            "the measurements contradict the depth: they make it {measured_depth:.1} %, not {} %",
            stone.depth_percent
        ));
    }
    let filled_in = filled_in.values();
    let values = stone.values();
    for (place, field) in number_fields().filter(|(place, _)| filled_in[*place].is_none()) {
        let (least, most) = similar.feature_ranges().bounds[place];
        let Some(value) = values[place].filter(|value| *value < least || *value > most) else { continue };
        warnings.push(format!(
            "{} {} is outside of what was ever sold here, {least} to {}: the price is a guess",
            field.name,
            field.write(value),
            field.write(most)
        ));
    }
    let group = similar.group(stone.cut, stone.color, stone.clarity)?;
    let like = group.lighter_than(stone.weight_carat * (1.0 + LIKE_WEIGHT))
        - group.lighter_than(stone.weight_carat * (1.0 - LIKE_WEIGHT));
    if like < FEW {
        let sold = match like {
            0 => "no stone of this cut, color and clarity and about this weight was sold",
            1 => "only one stone of this cut, color and clarity and about this weight was sold",
            _ => "only two stones of this cut, color and clarity and about this weight were sold",
        };
        warnings.push(format!("{sold}: ask for a second opinion"));
    }
    if let Some(challenger) = challenger {
        let other_usd = challenger.model.model.price_usd(stone);
        let apart = (other_usd / price_usd).ln().abs();
        // a price below zero has no logarithm, and counts as the largest difference
        if apart.is_nan() || apart > challenger.usual {
            warnings.push(format!(
                "the {} model predicts {}; for 99 of 100 stones the two differ less",
                challenger.model.family,
                dollars(other_usd)
            ));
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Cut};
    use crate::generator::Generator;

    fn index() -> SimilarIndex {
        SimilarIndex::new(&Generator::new(5).take(20_000).collect::<Vec<_>>())
    }

    fn warnings(stone: &Stone) -> Vec<String> {
        of(stone, &Measurements::default(), 5_000.0, &index(), None).expect("in memory")
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
    fn what_contradicts_itself_is_said() {
        let heavy = warnings(&Stone { weight_carat: 2.0, ..USUAL });
        assert!(heavy.iter().any(|text| text.contains("would be about 1.02 ct, not 2 ct")), "{heavy:?}");
        let flat = warnings(&Stone { depth_percent: 58.0, ..USUAL });
        assert_eq!(flat, ["the measurements contradict the depth: they make it 61.8 %, not 58 %"]);
    }

    #[test]
    fn what_was_never_sold_is_said() {
        let giant = Stone { weight_carat: 40.0, x_mm: 22.0, y_mm: 22.0, z_mm: 13.6, ..USUAL };
        let said = warnings(&giant);
        assert!(
            said.iter().any(|text| text.starts_with("carat 40 ct is outside of what was ever sold here")),
            "{said:?}"
        );
        assert!(said.iter().any(|text| text.starts_with("x 22 mm is outside")), "{said:?}");
        assert!(said.iter().any(|text| text.starts_with("no stone of this cut")), "{said:?}");
        let assumed = Measurements { x: Some(22.0), y: Some(22.0), z: Some(13.6), ..Measurements::default() };
        let said = of(&giant, &assumed, 5_000.0, &index(), None).expect("in memory");
        assert!(!said.iter().any(|text| text.contains(" mm is outside")), "{said:?}");
    }
}
