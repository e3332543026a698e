//! Finds sold stones like a given one: the same cut, colour and clarity, the nearest weights first.
//!
//! Sales are kept sorted by weight in one array for each combination of grades, so that an answer takes one binary search.

mod group;
mod groups;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use self::group::Group;
use self::group::{from_micro_carat, micro_carat};
use self::groups::Groups;
use super::DatasetSummary;
use super::dataset_summary::FeatureRanges;
use super::proportions::typical_of;
use crate::diamond::{Clarity, Color, Cut, Sale, Stone, StoneDescription};
use crate::learning::features::KnownGrades;
use crate::store::{Store, StoreError};

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

/// The sales of a dataset, by grades and weight, and what is usual among them.
pub struct SimilarIndex {
    groups: Groups,
    summary: DatasetSummary,
    typical: Stone,
}

/// Most sales that are looked at for a fair choice.
const MOST_TIES: usize = 1_000;

impl SimilarIndex {
    /// The index of `sales`, which come oldest first, all in memory.
    #[must_use]
    pub fn new(sales: &[Sale]) -> Self {
        Self::with_groups(Groups::of(sales), DatasetSummary::of(sales))
    }

    /// The index of the dataset of `model`, of which this is the summary. Its sales are read from the file when they are asked
    /// for: making the index takes no time, whatever their number.
    ///
    /// # Errors
    /// If the database refuses another connection.
    pub fn of_model(store: &Store, model: i64, summary: DatasetSummary) -> Result<Self, StoreError> {
        Ok(Self::with_groups(Groups::of_model(store, model)?, summary))
    }

    fn with_groups(groups: Groups, summary: DatasetSummary) -> Self {
        Self { groups, typical: typical_of(&summary.sample), summary }
    }

    /// Reads all sales into memory, if they fit there, so that no question waits for the file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load_all(&self) -> Result<(), StoreError> {
        self.groups.load_all()
    }

    /// Runs `work` with the connection to the file, if there is one; meanwhile no sale is read.
    pub(super) fn with_store<T>(&self, work: impl FnOnce(Option<&mut Store>) -> T) -> T {
        self.groups.with_store(work)
    }

    /// Number of sales.
    #[must_use]
    pub fn count(&self) -> usize {
        self.summary.count
    }

    /// The `n` sales nearest in weight to `stone` among those of its cut, colour and clarity; fewer if there are fewer.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn nearest(&self, stone: &StoneDescription, n: usize) -> Result<SimilarStones, StoreError> {
        let group = self.group(stone.cut, stone.color, stone.clarity)?;
        let stones: Vec<SimilarStone> = group
            .nearest(stone.carat, n)
            .into_iter()
            .map(|(distance, sale)| SimilarStone { sale, carat_difference: from_micro_carat(distance) })
            .collect();
        Ok(SimilarStones { count: stones.len(), available: group.count(), stones })
    }

    /// As [`SimilarIndex::nearest`]; but of stones that are equally near and do not all fit, those that lie evenly between the cheapest and the
    /// dearest, instead of the cheapest: whoever looks at a few stones takes them for what such stones fetch.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn nearest_evenly(&self, stone: &StoneDescription, n: usize) -> Result<SimilarStones, StoreError> {
        let mut similar = self.nearest(stone, n.max(MOST_TIES))?;
        let Some(last) = n.checked_sub(1).and_then(|last| similar.stones.get(last)) else {
            similar.stones.truncate(n);
            similar.count = similar.stones.len();
            return Ok(similar);
        };
        let distance = |one: &SimilarStone| micro_carat(one.carat_difference);
        let farthest = distance(last);
        let nearer = similar.stones.partition_point(|one| distance(one) < farthest);
        let until = similar.stones.partition_point(|one| distance(one) <= farthest);
        let (ties, wanted) = (until - nearer, n - nearer);
        // of each of as many equal parts the stone in its middle
        let chosen = (0..wanted).map(|place| similar.stones[nearer + (2 * place + 1) * ties / (2 * wanted)].clone());
        let stones: Vec<SimilarStone> = similar.stones[..nearer].iter().cloned().chain(chosen).collect();
        Ok(SimilarStones { count: stones.len(), stones, ..similar })
    }

    /// The range of each numeric field.
    pub(super) fn feature_ranges(&self) -> &FeatureRanges {
        &self.summary.ranges
    }

    /// The typical stone.
    pub(super) fn typical(&self) -> &Stone {
        &self.typical
    }

    /// Up to ten thousand of the sales, evenly spread over all of them.
    #[must_use]
    pub fn sample(&self) -> &[Sale] {
        &self.summary.sample
    }

    /// The sales of these grades.
    pub(super) fn group(&self, cut: Cut, color: Color, clarity: Clarity) -> Result<Arc<Group>, StoreError> {
        self.groups.get((cut, color, clarity))
    }

    /// The grades that were sold.
    pub(super) fn grades(&self) -> &KnownGrades {
        &self.summary.grades
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diamond::Grade;
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
            .map(|sale| ((micro_carat(sale.stone.weight_carat) - wanted).abs(), sale.price_usd.to_bits()))
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
            let answer = SimilarIndex::new(&sales).nearest(&stone, n).expect("in memory");
            let found: Vec<(i64, u64)> = answer
                .stones
                .iter()
                .map(|similar| (micro_carat(similar.carat_difference), similar.sale.price_usd.to_bits()))
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
        let answer = SimilarIndex::new(&sales).nearest(&question(1.0, 4, 2, 1), 2).expect("in memory");
        let prices: Vec<f64> = answer.stones.iter().map(|similar| similar.sale.price_usd).collect();
        assert_eq!(prices, [800.0, 900.0]);
        assert!((answer.stones[0].carat_difference - 0.1).abs() < 1e-12);
    }

    #[test]
    fn of_equally_near_stones_some_of_every_price_are_taken() {
        let mut sales: Vec<Sale> = Generator::new(1).take(31).collect();
        for (number, sale) in sales.iter_mut().enumerate() {
            sale.stone.weight_carat = if number == 0 { 1.0 } else { 1.01 };
            sale.price_usd = 1_000.0 + 100.0 * f64::from(u32::try_from(number).expect("a number"));
            (sale.stone.cut, sale.stone.color, sale.stone.clarity) = (Cut::Ideal, Color::H, Clarity::SI2);
        }
        let index = SimilarIndex::new(&sales);
        let prices = |n: usize| -> Vec<f64> {
            let answer = index.nearest_evenly(&question(1.0, 4, 2, 1), n).expect("in memory");
            answer.stones.iter().map(|similar| similar.sale.price_usd).collect()
        };
        // the nearest one, and of the thirty at 1.01 ct, which fetched 1,100 to 4,000, one of each third
        assert_eq!(prices(4), [1_000.0, 1_600.0, 2_600.0, 3_600.0]);
        assert_eq!((prices(0).len(), prices(1).len(), prices(31).len(), prices(100).len()), (0, 1, 31, 31));
    }

    #[test]
    fn grades_that_were_never_sold_give_an_empty_answer() {
        let answer = SimilarIndex::new(&[]).nearest(&question(1.0, 0, 0, 0), 5).expect("in memory");
        assert_eq!((answer.count, answer.available, answer.stones.len()), (0, 0, 0));
    }
}
