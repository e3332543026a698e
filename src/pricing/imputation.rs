//! Fills in missing measurements from similar stones.

use super::SimilarIndex;
use super::proportions::{MIN_NEIGHBOURS, Proportions, TEXTBOOK};
use crate::diamond::{Dimensions, Measurements, Sale, Stone, StoneDescription, depth_percent_of};
use crate::store::StoreError;

/// Number of similar stones whose proportions are used.
const NEIGHBOURS: usize = 25;

/// The stone of `description` with every measurement, and the measurements that were filled in: length, width and table as the
/// nearest similar stones have them at that weight; depth from x, y and z if z is given, else as similar stones have
/// it; z from x, y and depth.
///
/// # Errors
/// If the similar stones cannot be read.
pub(super) fn complete(
    description: &StoneDescription,
    similar: &SimilarIndex,
) -> Result<(Stone, Measurements), StoreError> {
    let StoneDescription { carat, measurements: given, .. } = *description;
    let is_whole =
        given.depth.is_some() && given.table.is_some() && given.x.is_some() && given.y.is_some() && given.z.is_some();
    let typical = if is_whole { TEXTBOOK } else { proportions_near(description, similar)? };
    let x_mm = given.x.unwrap_or_else(|| {
        round_to(given.y.map_or(typical.x_of_one_carat_mm * carat.cbrt(), |y| y / typical.y_over_x), 2)
    });
    let y_mm = given.y.unwrap_or_else(|| round_to(x_mm * typical.y_over_x, 2));
    // a measured height determines the depth, else the depth determines the height
    let depth_percent = given.depth.unwrap_or_else(|| {
        round_to(given.z.map_or(typical.depth_percent, |z| depth_percent_of(x_mm, y_mm, z).min(100.0)), 1)
    });
    let z_mm = given.z.unwrap_or_else(|| round_to(depth_percent * (x_mm + y_mm) / 200.0, 2));
    let table_percent = given.table.unwrap_or_else(|| round_to(typical.table_percent, 0));
    let stone = description.with_dimensions(Dimensions { depth_percent, table_percent, x_mm, y_mm, z_mm });
    let mut filled_in = stone.values();
    for (value, known) in filled_in.iter_mut().zip(description.values()) {
        *value = value.filter(|_| known.is_none());
    }
    Ok((stone, Measurements::from_values(&filled_in)))
}

/// `value` with so many decimals, but never rounded down to zero.
fn round_to(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    ((value * factor).round() / factor).max(1.0 / factor)
}

/// The proportions of the nearest similar stones; if there are few of the grades, those usual for the cut.
fn proportions_near(description: &StoneDescription, similar: &SimilarIndex) -> Result<Proportions, StoreError> {
    let group = similar.group(description.cut, description.color, description.clarity)?;
    if group.count() < MIN_NEIGHBOURS {
        return Ok(similar.usual_proportions(description.cut));
    }
    let nearest = group.nearest(description.carat, NEIGHBOURS);
    let nearest: Vec<&Sale> = nearest.iter().map(|(_, sale)| sale).collect();
    Ok(Proportions::median_of(&nearest).unwrap_or(TEXTBOOK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Color, Cut, weight_carat_of};
    use crate::generator::Generator;

    fn described(carat: f64) -> StoneDescription {
        StoneDescription::of_four_cs(carat, Cut::Ideal, Color::G, Clarity::VS2)
    }

    fn with(measurements: Measurements) -> StoneDescription {
        StoneDescription { measurements, ..described(1.0) }
    }

    #[test]
    fn what_is_filled_in_fits_the_weight_and_the_depth() {
        let index = SimilarIndex::new(&Generator::new(8).take(3_000).collect::<Vec<_>>());
        for carat in [0.3, 0.71, 1.01, 2.5] {
            let (stone, assumed) = complete(&described(carat), &index).expect("in memory");
            assert_eq!(assumed.entries().count(), 5);
            assert!((weight_carat_of(stone.x_mm, stone.y_mm, stone.z_mm) / carat - 1.0).abs() < 0.05, "{stone:?}");
            assert!((depth_percent_of(stone.x_mm, stone.y_mm, stone.z_mm) - stone.depth_percent).abs() < 0.2);
        }
    }

    #[test]
    fn what_was_measured_is_kept_and_decides_the_rest() {
        let index = SimilarIndex::new(&Generator::new(8).take(3_000).collect::<Vec<_>>());
        let given = with(Measurements { x: Some(6.0), y: Some(6.1), z: Some(4.0), ..Measurements::default() });
        let (stone, assumed) = complete(&given, &index).expect("in memory");
        assert_eq!((stone.x_mm, stone.y_mm, stone.z_mm), (6.0, 6.1, 4.0));
        assert_eq!(assumed.depth, Some(66.1), "200·4 / 12.1");
        assert_eq!((assumed.x, assumed.y, assumed.z), (None, None, None));
        let given = with(Measurements { x: Some(6.0), z: Some(4.0), ..Measurements::default() });
        let (stone, _) = complete(&given, &index).expect("in memory");
        let depth = depth_percent_of(stone.x_mm, stone.y_mm, stone.z_mm);
        assert!((depth - stone.depth_percent).abs() < 0.1, "the measured height decides: {stone:?}");
    }

    #[test]
    fn grades_that_were_never_sold_borrow_the_shape_of_their_cut() {
        let fair_only: Vec<Sale> = Generator::new(8).take(3_000).filter(|sale| sale.stone.cut == Cut::Fair).collect();
        let (stone, _) = complete(
            &StoneDescription { cut: Cut::Fair, clarity: Clarity::IF, ..described(1.0) },
            &SimilarIndex::new(&fair_only),
        )
        .expect("in memory");
        assert!(stone.depth_percent > 62.0, "fair cuts are deep: {stone:?}");
        let (stone, _) = complete(&described(1.0), &SimilarIndex::new(&[])).expect("in memory");
        assert!((stone.x_mm - 6.43).abs() < 1e-9, "nothing sold: a textbook brilliant");
    }
}
