//! Model families: each is one file or folder with its features, its target, its tuning and its bytes.
//!
//! A new family is one file, one `mod` line and one entry in [`FAMILIES`]. The command line, the API, the pages and the
//! tests all read that list; nothing else names a family.

mod artifact;
mod elsewhere;
pub mod linear;
pub mod perpetual;
mod prices_by_grade;
mod sales_source;
pub mod xgboost;

use std::time::Duration;

use serde_json::{Map, Value};

pub use artifact::{compress_artifact, decompress_artifact};
pub use elsewhere::{
    Assembled, BaseMargin, ForestPlan, ForestsPlan, PlannedTrial, Recipe, TREND_COLUMN, TrainedElsewhere,
};
pub use prices_by_grade::{CELLS, CLARITIES, COLORS, GradeSet, PricesByGrade};
pub use sales_source::{SalesSource, is_chosen};

use super::features::{Feature, Target};
use crate::diamond::Stone;

/// Every family, in the order in which they are trained and shown.
pub static FAMILIES: &[&dyn Family] = &[&linear::Linear, &xgboost::XgBoost, &perpetual::Perpetual];

/// A way to learn prices from sales.
pub trait Family: Sync {
    /// Its name: lower case, never changed, stored with every model.
    fn name(&self) -> &'static str;

    /// One sentence for people who do not know data science.
    fn description(&self) -> &'static str;

    /// How its models price a stone of which a measure was not told: one sentence.
    fn incomplete_stones(&self) -> &'static str;

    /// Fits a model to `sales`, and tunes it on these alone. The same sales, seed and number of trials give the same
    /// bytes. A family that needs its sales in memory takes a [sample](SalesSource::sample) of bounded size.
    ///
    /// # Errors
    /// If the sales do not allow a fit, with what is missing.
    fn fit(&self, sales: &dyn SalesSource, plan: &FitPlan<'_>) -> Result<Fitted, FamilyError>;

    /// The model that [`Family::fit`] wrote as `bytes`.
    ///
    /// # Errors
    /// If the bytes are not a model of this family.
    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Model>, FamilyError>;

    /// What it offers if its forests can be trained by another program.
    fn elsewhere(&self) -> Option<&dyn TrainedElsewhere> {
        None
    }
}

/// A fitted model.
pub trait Model: Send + Sync {
    /// Price of one stone in US dollars. A measure that was not told is no number; a family says in
    /// [`Family::incomplete_stones`] what it does then.
    fn price_usd(&self, stone: &Stone) -> f64;

    /// Prices of many stones in US dollars, in their order: the same bits as one by one.
    fn prices_usd(&self, stones: &[Stone]) -> Vec<f64> {
        stones.iter().map(|stone| self.price_usd(stone)).collect()
    }

    /// The prices of `stone` with each colour and clarity of `wanted`, as [`Model::price_usd`] gives them; its own grades do not matter.
    /// What stands at other places means nothing.
    fn prices_by_grade(&self, stone: &Stone, wanted: GradeSet) -> PricesByGrade {
        PricesByGrade::of(stone, wanted, |stone| self.price_usd(stone))
    }
}

/// The parameters of a fit.
#[derive(Clone, Copy)]
pub struct FitPlan<'a> {
    /// Seed of every random choice.
    pub seed: u64,
    /// Most trials, for families that tune.
    pub trials: usize,
    /// Threads to use at the most, for families that try several settings at a time: the result does not depend on it.
    pub threads: usize,
    /// Time limit of the tuning; the fit itself is not included.
    pub budget: Option<Duration>,
    /// The settings of an earlier model of the family, in its own format: a family that tunes tries them first.
    pub start: Option<&'a Map<String, Value>>,
    /// Gets reports of the progress, and decides whether to stop tuning.
    pub observer: &'a dyn Observer,
}

/// Watches a fit.
pub trait Observer: Sync {
    /// A trial has ended: `done` of `planned`, and the least error so far in US dollars (mean absolute, on a validation split).
    fn trial_done(&self, done: usize, planned: usize, best_mae_usd: f64);

    /// Whether to stop tuning now and continue with the best so far.
    fn should_stop(&self) -> bool;
}

/// An observer that never stops and reports nothing.
#[derive(Debug, Clone, Copy)]
pub struct SilentObserver;

impl Observer for SilentObserver {
    fn trial_done(&self, _done: usize, _planned: usize, _best_mae_usd: f64) {}

    fn should_stop(&self) -> bool {
        false
    }
}

/// The result of a fit.
pub struct Fitted {
    /// The model, ready to price.
    pub model: Box<dyn Model>,
    /// The bytes from which the model can be loaded again.
    pub bytes: Vec<u8>,
    /// The model's features, in order.
    pub features: Vec<Feature>,
    /// Its target.
    pub target: Target,
    /// The settings, for people.
    pub hyperparameters: Map<String, Value>,
    /// The trials of the tuning.
    pub trials: Vec<Trial>,
}

/// A trial of the tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The settings.
    pub hyperparameters: Map<String, Value>,
    /// Mean absolute error in US dollars on the validation split.
    pub mae_usd: f64,
    /// Whether it was stopped early because others were better.
    pub pruned: bool,
    /// Its duration.
    pub elapsed: Duration,
}

/// Why a model cannot be fitted or loaded.
#[derive(Debug, thiserror::Error)]
pub enum FamilyError {
    /// The sales are not enough for a fit.
    #[error("cannot fit {family} to {sales} sales: {reason}")]
    Unfit {
        /// The family.
        family: &'static str,
        /// The number of sales.
        sales: usize,
        /// What is missing, and what to do.
        reason: String,
    },
    /// The sales cannot be read.
    #[error("cannot read the sales")]
    Sales {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Bytes that are not a model of the family.
    #[error("cannot load a {family} model: {reason}")]
    Unreadable {
        /// The family.
        family: &'static str,
        /// What is wrong with the bytes.
        reason: String,
    },
    /// There is no such family.
    #[error("no model family is called {name:?}: choose one of {choices}")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The existing names.
        choices: String,
    },
}

/// The family of that name.
///
/// # Errors
/// If there is none.
pub fn find_family(name: &str) -> Result<&'static dyn Family, FamilyError> {
    FAMILIES.iter().copied().find(|family| family.name() == name).ok_or_else(|| FamilyError::Unknown {
        name: name.to_owned(),
        choices: FAMILIES.iter().map(|family| family.name()).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;
    use crate::learning::evaluation::Metrics;

    const PLAN: FitPlan<'_> =
        FitPlan { seed: 7, trials: 4, threads: 2, budget: None, start: None, observer: &SilentObserver };

    fn fit(family: &dyn Family, sales: &[Sale]) -> Fitted {
        family.fit(&sales.to_vec(), &PLAN).unwrap_or_else(|error| panic!("{error}"))
    }

    fn sales(count: usize) -> (Vec<Sale>, Vec<Stone>, Vec<f64>) {
        let mut all: Vec<Sale> = Generator::new(11).take(count + 300).collect();
        let fresh = all.split_off(count);
        (all, fresh.iter().map(|sale| sale.stone).collect(), fresh.iter().map(|sale| sale.price_usd).collect())
    }

    #[test]
    fn every_family_prices_stones_it_has_not_seen() {
        let (train, stones, truth) = sales(1_500);
        for family in FAMILIES {
            let fitted = fit(*family, &train);
            let metrics = Metrics::of(&truth, &fitted.model.prices_usd(&stones));
            assert!(metrics.r2 > 0.85, "{}: {metrics:?}", family.name());
        }
    }

    #[test]
    fn every_family_gives_the_same_bytes_for_the_same_sales_and_seed() {
        let (train, ..) = sales(600);
        for family in FAMILIES {
            let [first, second] = [0, 1].map(|_| fit(*family, &train));
            assert!(first.bytes == second.bytes, "{}", family.name());
            assert_eq!(first.hyperparameters, second.hyperparameters, "{}", family.name());
        }
    }

    #[test]
    fn a_loaded_model_predicts_the_same_bits_one_by_one_and_in_batches() {
        let (train, stones, _) = sales(600);
        for family in FAMILIES {
            let fitted = fit(*family, &train);
            let loaded = family.load(&fitted.bytes).expect("its own bytes");
            let bits = |prices: Vec<f64>| prices.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            let singles = stones.iter().rev().map(|stone| loaded.price_usd(stone)).rev().collect();
            assert_eq!(bits(fitted.model.prices_usd(&stones)), bits(loaded.prices_usd(&stones)), "{}", family.name());
            assert_eq!(bits(singles), bits(loaded.prices_usd(&stones)), "{}", family.name());
        }
    }

    #[test]
    fn prices_by_grade_are_the_prices_of_stones_of_these_grades() {
        let (train, stones, _) = sales(600);
        for family in FAMILIES {
            let model = fit(*family, &train).model;
            for stone in &stones[..20] {
                for stone in [*stone, stone.without_sizes(), stone.with_four_cs_only()] {
                    let prices = model.prices_by_grade(&stone, GradeSet::ALL);
                    for (log_price, stone) in prices.0.iter().zip(PricesByGrade::stones(&stone)) {
                        let ratio = log_price.exp() / model.price_usd(&stone);
                        assert!((ratio - 1.0).abs() < 1e-5, "{}: {ratio}", family.name());
                    }
                }
            }
        }
    }

    #[test]
    fn every_family_prices_stones_of_which_little_is_told_nearly_as_well() {
        let (train, stones, truth) = sales(1_500);
        for family in FAMILIES {
            let model = fit(*family, &train).model;
            for less in [Stone::without_sizes, Stone::with_four_cs_only] {
                let less: Vec<Stone> = stones.iter().map(|stone| less(*stone)).collect();
                let metrics = Metrics::of(&truth, &model.prices_usd(&less));
                assert!(metrics.r2 > 0.8, "{}: {metrics:?}", family.name());
            }
        }
    }

    #[test]
    fn no_family_asks_a_negative_price() {
        let (train, stones, _) = sales(600);
        for family in FAMILIES {
            let fitted = fit(*family, &train);
            assert!(fitted.model.prices_usd(&stones).iter().all(|price| *price > 0.0), "{}", family.name());
        }
    }

    #[test]
    fn grades_that_training_never_saw_are_priced_all_the_same() {
        let (train, stones, _) = sales(800);
        let seen: Vec<Sale> =
            train.into_iter().filter(|sale| sale.stone.clarity != crate::diamond::Clarity::IF).collect();
        for family in FAMILIES {
            let fitted = fit(*family, &seen);
            let flawless = Stone { clarity: crate::diamond::Clarity::IF, ..stones[0] };
            let next = Stone { clarity: crate::diamond::Clarity::VVS1, ..stones[0] };
            let ratio = fitted.model.price_usd(&flawless) / fitted.model.price_usd(&next);
            assert!((0.8..1.5).contains(&ratio), "{}: {ratio}", family.name());
        }
    }

    #[test]
    fn every_family_refuses_bytes_that_are_no_model() {
        for family in FAMILIES {
            for bytes in [&b""[..], b"{}", b"\x00\xff", b"[1,2"] {
                assert!(family.load(bytes).is_err(), "{} {bytes:?}", family.name());
            }
        }
    }

    #[test]
    fn names_are_unique_and_findable() {
        for family in FAMILIES {
            assert_eq!(find_family(family.name()).expect("found").name(), family.name());
        }
        let error = find_family("forest").err().expect("no such family").to_string();
        assert!(error.contains("\"forest\"") && error.contains(FAMILIES[0].name()), "{error}");
    }
}
