//! The prices of stones that are known by their four Cs alone, as a table.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::diamond::{Clarity, Color, Cut, Grade, StoneDescription};
use crate::learning::families::{CELLS, GradeSet, Model, PricesByGrade};

/// The finest weights of a table, in hundredths of a carat, and how far they go: above, fewer weights are enough.
const STEPS_HUNDREDTHS: [(u32, u32); 4] = [(500, 1), (1_000, 5), (5_000, 50), (u32::MAX, 500)];
/// Most weights of a table.
const MAX_WEIGHTS: usize = 4_000;
/// Unit of the prices: this part of a natural logarithm, one in a million.
const UNITS: f64 = 1_048_576.0;
/// Level of compression.
const LEVEL: i32 = 9;
/// Most bytes of a decompressed table: what says it is larger is damaged.
const MAX_BYTES: u64 = 64_000_000;

/// Natural logarithms of prices by cut, weight, colour and clarity, which never fall along the last three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FourCsTable {
    /// The weights in hundredths of a carat, ascending.
    weights: Vec<u32>,
    /// The prices in [`UNITS`], of shape `(cuts, weights, CELLS)`.
    prices: Vec<i32>,
}

/// The form in which a table is stored.
#[derive(Serialize, Deserialize)]
struct StoredTable {
    weights: Vec<u32>,
    /// For each price, the difference to that of the weight before: small numbers.
    steps: Vec<i32>,
}

impl FourCsTable {
    /// Tabulates `model` from the lightest to the heaviest weight in carats.
    pub fn of(model: &dyn Model, [lightest, heaviest]: [f64; 2]) -> Self {
        let weights = weights_between(lightest, heaviest);
        let mut prices = Vec::with_capacity(Cut::ALL.len() * weights.len() * CELLS);
        for cut in Cut::ALL {
            let of_cut: Vec<PricesByGrade> = weights
                .iter()
                .map(|hundredths| {
                    let carat = f64::from(*hundredths) / 100.0;
                    // its colour and clarity do not matter
                    let stone = StoneDescription::of_four_cs(carat, *cut, Color::G, Clarity::VS2);
                    model.prices_by_grade(&stone.stone(), GradeSet::ALL)
                })
                .collect();
            prices.extend(monotone_in_weight(&of_cut).iter().flat_map(|prices| prices.0.map(in_units)));
        }
        Self { weights, prices }
    }

    /// The prices of stones of this cut and weight.
    ///
    /// Between two weights the logarithm is that of a straight line; outside of all, the price a carat is that at the end.
    pub fn prices(&self, cut: Cut, weight_carat: f64) -> PricesByGrade {
        let hundredths = weight_carat * 100.0;
        let end = self.weights.len() - 1;
        let (least, most) = (f64::from(self.weights[0]), f64::from(self.weights[end]));
        let inside = hundredths.clamp(least, most);
        let above = self.weights.partition_point(|weight| f64::from(*weight) <= inside).clamp(1, end.max(1)).min(end);
        let below = above.saturating_sub(1);
        let (from, to) = (f64::from(self.weights[below]), f64::from(self.weights[above]));
        let share = if to > from { (inside - from) / (to - from) } else { 0.0 };
        let beyond = (hundredths / inside).ln();
        let row = |weight: usize| &self.prices[(cut.rank() * self.weights.len() + weight) * CELLS..][..CELLS];
        let (low, high) = (row(below), row(above));
        PricesByGrade(std::array::from_fn(|place| {
            let (low, high) = (f64::from(low[place]), f64::from(high[place]));
            (low + (high - low) * share) / UNITS + beyond
        }))
    }

    /// The bytes from which it can be read again.
    ///
    /// # Errors
    /// If the library fails.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut steps = self.prices.clone();
        for of_cut in steps.chunks_mut(self.weights.len() * CELLS) {
            for place in (CELLS..of_cut.len()).rev() {
                of_cut[place] -= of_cut[place - CELLS];
            }
        }
        let stored = StoredTable { weights: self.weights.clone(), steps };
        let bytes = rmp_serde::to_vec_named(&stored).map_err(io::Error::other)?;
        zstd::bulk::compress(&bytes, LEVEL)
    }

    /// The table of these bytes; `None` if they are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut plain = Vec::new();
        zstd::Decoder::new(bytes).ok()?.take(MAX_BYTES).read_to_end(&mut plain).ok()?;
        let StoredTable { weights, steps: mut prices } = rmp_serde::from_slice(&plain).ok()?;
        let is_whole = !weights.is_empty()
            && weights.is_sorted()
            && weights[0] > 0
            && prices.len() == Cut::ALL.len() * weights.len() * CELLS;
        if !is_whole {
            return None;
        }
        for of_cut in prices.chunks_mut(weights.len() * CELLS) {
            for place in CELLS..of_cut.len() {
                of_cut[place] = of_cut[place].checked_add(of_cut[place - CELLS])?;
            }
        }
        Some(Self { weights, prices })
    }
}

/// The weights of a table in hundredths of a carat.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive, as they are clamped")]
fn weights_between(lightest: f64, heaviest: f64) -> Vec<u32> {
    let hundredths = |carat: f64| (carat * 100.0).clamp(1.0, 1e6);
    let (mut weight, last) = (hundredths(lightest).floor() as u32, hundredths(heaviest).ceil() as u32);
    let mut weights = vec![weight];
    while weight < last && weights.len() < MAX_WEIGHTS {
        let step = STEPS_HUNDREDTHS.iter().find(|(until, _)| weight < *until).map_or(1, |(_, step)| *step);
        weight = (weight + step).min(last);
        weights.push(weight);
    }
    weights
}

/// `prices`, one for each weight, changed where a better grade or more weight costs less, as [`PricesByGrade::monotone`] does.
fn monotone_in_weight(prices: &[PricesByGrade]) -> Vec<PricesByGrade> {
    let mut up = prices.to_vec();
    let mut down = prices.to_vec();
    for weight in 0..prices.len() {
        if weight > 0 {
            let before = up[weight - 1];
            raise(&mut up[weight], &before);
        }
        up[weight] = up[weight].running_maximum();
    }
    for weight in (0..prices.len()).rev() {
        if weight + 1 < prices.len() {
            let after = down[weight + 1];
            lower(&mut down[weight], &after);
        }
        down[weight] = down[weight].running_minimum();
    }
    up.iter().zip(&down).map(|(up, down)| up.middle(down)).collect()
}

fn raise(prices: &mut PricesByGrade, least: &PricesByGrade) {
    prices.0.iter_mut().zip(&least.0).for_each(|(price, least)| *price = price.max(*least));
}

fn lower(prices: &mut PricesByGrade, most: &PricesByGrade) {
    prices.0.iter_mut().zip(&most.0).for_each(|(price, most)| *price = price.min(*most));
}

/// A logarithm of a price in [`UNITS`]. Rounding keeps the order.
#[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
fn in_units(log_price: f64) -> i32 {
    (log_price * UNITS).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Stone;
    use crate::learning::families::CLARITIES;

    /// A price that falls where it should not.
    struct Bumpy;

    impl Model for Bumpy {
        fn price_usd(&self, stone: &Stone) -> f64 {
            let ranks = stone.color.rank() * 3 + stone.clarity.rank() * 5 + stone.cut.rank();
            let grades = f64::from(u32::try_from(ranks).expect("small"));
            1_000.0 * stone.weight_carat.powf(1.7) * (1.0 + 0.1 * (grades + 37.0 * stone.weight_carat).sin())
                + 10.0 * grades
        }
    }

    #[test]
    fn prices_never_fall_with_weight_colour_or_clarity() {
        let table = FourCsTable::of(&Bumpy, [0.23, 5.4]);
        for cut in Cut::ALL {
            let mut before = PricesByGrade([0.0; CELLS]);
            for thousandths in 200..7_000 {
                let prices = table.prices(*cut, f64::from(thousandths) / 1_000.0);
                assert!(prices.0.iter().zip(before.0).all(|(now, before)| *now >= before), "{cut} {thousandths}");
                assert!(prices.0.chunks(CLARITIES).all(f64_sorted));
                assert!((CLARITIES..CELLS).all(|place| prices.0[place] >= prices.0[place - CLARITIES]));
                before = prices;
            }
        }
    }

    fn f64_sorted(values: &[f64]) -> bool {
        values.windows(2).all(|pair| pair[0] <= pair[1])
    }

    #[test]
    fn a_table_comes_out_of_its_bytes_as_it_went_in() {
        for ends in [[0.2, 5.01], [0.5, 0.5], [0.3, 400.0]] {
            let table = FourCsTable::of(&Bumpy, ends);
            let bytes = table.to_bytes().expect("compressed");
            assert_eq!(FourCsTable::from_bytes(&bytes), Some(table));
        }
        assert_eq!(FourCsTable::from_bytes(b"nothing of the kind"), None);
    }

    #[test]
    fn beyond_its_weights_the_price_a_carat_stays() {
        let table = FourCsTable::of(&Bumpy, [0.3, 2.0]);
        let [heaviest, heavier] = [2.0, 4.0].map(|carat| table.prices(Cut::Ideal, carat).0[9]);
        assert!((heavier - heaviest - 2.0_f64.ln()).abs() < 1e-12);
    }
}
