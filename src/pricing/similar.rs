//! Finds sold stones like a given one: the same cut, colour and clarity, the nearest weights first.
//!
//! Sales are kept sorted by weight in one array for each combination of grades, so that an answer takes one binary search.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::proportions::{Proportions, typical_of};
use super::warnings::FeatureRanges;
use crate::diamond::{Clarity, Color, Cut, Grade, Sale, Stone, StoneDescription};

/// Most stones in one answer.
pub const MAX_SIMILAR: usize = 1_000;

/// A sold stone that is similar to the given one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimilarStone {
    /// The stone and the price it fetched.
    #[serde(flatten)]
    pub sale: Sale,
    /// The difference of its weight to the given one, in carats.
    pub carat_difference: f64,
}

/// Similar stones that were sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimilarStones {
    /// How many are listed.
    pub count: usize,
    /// How many stones of these grades were sold.
    pub available: usize,
    /// The stones, nearest weight first; of two equally near, the cheaper first.
    pub stones: Vec<SimilarStone>,
}

/// Every sale of a dataset, by grades and weight.
pub struct SimilarIndex {
    /// One array for each combination of grades; within it by weight, then price, then age.
    groups: Vec<Vec<Sale>>,
    /// The usual shape of each cut, worst cut first.
    usual: Vec<Proportions>,
    seen: FeatureRanges,
    typical: Stone,
}

impl SimilarIndex {
    /// Sorts `sales`, which come oldest first.
    #[must_use]
    pub fn new(sales: Vec<Sale>) -> Self {
        let usual = Proportions::usual_by_cut(&sales);
        let seen = FeatureRanges::of(&sales);
        let typical = typical_of(&sales);
        let mut groups = vec![Vec::new(); Cut::ALL.len() * Color::ALL.len() * Clarity::ALL.len()];
        for sale in sales {
            groups[group_of(sale.stone.cut, sale.stone.color, sale.stone.clarity)].push(sale);
        }
        for group in &mut groups {
            // the sort is stable: equal sales stay in order of age
            group.sort_by(|a, b| {
                micro_carat(a.stone.weight_carat)
                    .cmp(&micro_carat(b.stone.weight_carat))
                    .then(a.price_usd.total_cmp(&b.price_usd))
            });
            group.shrink_to_fit();
        }
        Self { groups, usual, seen, typical }
    }

    /// Number of sales.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// The `n` sales nearest in weight to `stone` among those of its cut, colour and clarity; fewer if there are fewer.
    #[must_use]
    pub fn nearest(&self, stone: &StoneDescription, n: usize) -> SimilarStones {
        let group = self.group(stone.cut, stone.color, stone.clarity);
        let stones: Vec<SimilarStone> = nearest_in(group, stone.carat, n)
            .into_iter()
            .map(|sale| SimilarStone {
                sale: *sale,
                carat_difference: from_micro_carat(distance(sale, micro_carat(stone.carat))),
            })
            .collect();
        SimilarStones { count: stones.len(), available: group.len(), stones }
    }

    /// The range of each numeric field.
    pub(super) fn feature_ranges(&self) -> &FeatureRanges {
        &self.seen
    }

    /// The typical stone.
    pub(super) fn typical(&self) -> &Stone {
        &self.typical
    }

    /// Every sale.
    pub fn all(&self) -> impl Iterator<Item = &Sale> {
        self.groups.iter().flatten()
    }

    /// About `count` sales from the whole index; all, if there are fewer.
    pub(super) fn sample(&self, count: usize) -> impl Iterator<Item = &Sale> {
        let step = (self.count() / count).max(1);
        self.all().step_by(step)
    }

    /// Every sale of these grades, by weight.
    pub(super) fn group(&self, cut: Cut, color: Color, clarity: Clarity) -> &[Sale] {
        &self.groups[group_of(cut, color, clarity)]
    }

    /// The usual proportions of stones of `cut`.
    pub(super) fn usual_proportions(&self, cut: Cut) -> Proportions {
        self.usual[cut.rank()]
    }
}

fn group_of(cut: Cut, color: Color, clarity: Clarity) -> usize {
    (cut.rank() * Color::ALL.len() + color.rank()) * Clarity::ALL.len() + clarity.rank()
}

/// Weights are compared in millionths of a carat: 1.1 − 1.0 and 1.0 − 0.9 are equal differences, though not as floats.
#[expect(clippy::cast_possible_truncation, reason = "weights are below a thousand carats")]
fn micro_carat(carat: f64) -> i64 {
    (carat * 1e6).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "weights are below a thousand carats")]
fn from_micro_carat(micro: i64) -> f64 {
    micro as f64 / 1e6
}

fn distance(sale: &Sale, wanted: i64) -> i64 {
    (micro_carat(sale.stone.weight_carat) - wanted).abs()
}

/// The `n` sales of `group`, which is sorted by weight, that are nearest to `carat`.
pub(super) fn nearest_in(group: &[Sale], carat: f64, n: usize) -> Vec<&Sale> {
    let wanted = micro_carat(carat);
    let mut right = group.partition_point(|sale| micro_carat(sale.stone.weight_carat) < wanted);
    let mut left = right;
    let mut found: Vec<(usize, &Sale)> = Vec::with_capacity(n.min(group.len()));
    let mut farthest = 0;
    loop {
        let below = left.checked_sub(1).map(|index| (index, distance(&group[index], wanted)));
        let above = group.get(right).map(|sale| (right, distance(sale, wanted)));
        let (index, next) = match (below, above) {
            (Some(below), Some(above)) => {
                if below.1 <= above.1 {
                    below
                } else {
                    above
                }
            }
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => break,
        };
        // beyond `n`, all stones as near as the last one are collected: the cheaper ones come first
        if found.len() >= n && next > farthest {
            break;
        }
        farthest = next;
        found.push((index, &group[index]));
        if index < left { left = index } else { right = index + 1 }
    }
    found.sort_by(|(index_a, a), (index_b, b)| {
        distance(a, wanted)
            .cmp(&distance(b, wanted))
            .then_with(|| a.price_usd.partial_cmp(&b.price_usd).unwrap_or(Ordering::Equal))
            .then(index_a.cmp(index_b))
    });
    found.truncate(n);
    found.into_iter().map(|(_, sale)| sale).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diamond::Measurements;
    use crate::generator::Generator;

    /// Sorts everything: slow and simple.
    fn brute_force(sales: &[Sale], stone: &StoneDescription, n: usize) -> Vec<(i64, u64)> {
        let wanted = micro_carat(stone.carat);
        let mut all: Vec<(i64, u64)> = sales
            .iter()
            .filter(|sale| {
                (sale.stone.cut, sale.stone.color, sale.stone.clarity) == (stone.cut, stone.color, stone.clarity)
            })
            .map(|sale| (distance(sale, wanted), sale.price_usd.to_bits()))
            .collect();
        all.sort_unstable();
        all.truncate(n);
        all
    }

    fn question(carat: f64, cut: usize, color: usize, clarity: usize) -> StoneDescription {
        StoneDescription {
            carat,
            cut: Cut::ALL[cut],
            color: Color::ALL[color],
            clarity: Clarity::ALL[clarity],
            measurements: Measurements::default(),
        }
    }

    proptest! {
        #[test]
        fn the_nearest_are_those_that_sorting_everything_finds(
            seed in 0_u64..50,
            count in 0_usize..3_000,
            carat_cents in 1_u32..500,
            cut in 0_usize..5,
            color in 0_usize..7,
            clarity in 0_usize..8,
            n in prop_oneof![Just(0_usize), Just(1), 2_usize..20, Just(1_000)],
        ) {
            let sales: Vec<Sale> = Generator::new(seed).take(count).collect();
            let stone = question(f64::from(carat_cents) / 100.0, cut, color, clarity);
            let expected = brute_force(&sales, &stone, n);
            let answer = SimilarIndex::new(sales).nearest(&stone, n);
            let found: Vec<(i64, u64)> = answer
                .stones
                .iter()
                .map(|similar| (distance(&similar.sale, micro_carat(stone.carat)), similar.sale.price_usd.to_bits()))
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(answer.count, answer.stones.len());
        }
    }

    #[test]
    fn a_tenth_of_a_carat_is_as_far_below_as_above_and_the_cheaper_comes_first() {
        let mut sales: Vec<Sale> = Generator::new(1).take(2).collect();
        for (sale, (carat, price)) in sales.iter_mut().zip([(0.9, 900.0), (1.1, 800.0)]) {
            sale.stone.weight_carat = carat;
            sale.price_usd = price;
            (sale.stone.cut, sale.stone.color, sale.stone.clarity) = (Cut::Ideal, Color::H, Clarity::SI2);
        }
        let answer = SimilarIndex::new(sales).nearest(&question(1.0, 4, 2, 1), 2);
        let prices: Vec<f64> = answer.stones.iter().map(|similar| similar.sale.price_usd).collect();
        assert_eq!(prices, [800.0, 900.0]);
        assert!((answer.stones[0].carat_difference - 0.1).abs() < 1e-12);
    }

    #[test]
    fn grades_that_were_never_sold_give_an_empty_answer() {
        let answer = SimilarIndex::new(Vec::new()).nearest(&question(1.0, 0, 0, 0), 5);
        assert_eq!((answer.count, answer.available, answer.stones.len()), (0, 0, 0));
    }
}
