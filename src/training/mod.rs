//! Trains models: every family on the same sales, every model judged by the same others.

mod comparison;
mod contest;
mod promotion;

use std::time::{Duration, Instant};

pub use comparison::Comparison;
pub use contest::{Contest, Contestant, Judged};
pub use promotion::{Incumbent, Promote, Verdict, decide};

use crate::calibration::Calibration;
use crate::diamond::{Clarity, Color, Cut, Grade, Sale, Stone};
use crate::families::{Family, FamilyError, FitPlan, Fitted};
use crate::features::levels_present;
use crate::metrics::Metrics;
use crate::segments::{Segment, segments};
use crate::split::Split;

/// Share of the sales that judges models and is never trained on.
pub const HOLDOUT_SHARE: f64 = 0.2;
/// Fewest sales that a model can be trained on and judged by.
pub const MIN_SALES: usize = 100;

/// Why nothing can be trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// There are no sales at all.
    #[error("there are no sales to learn from: add some with `diamonds ingest FILE.csv`")]
    NoSales,
    /// There are too few sales.
    #[error("{found} sales are too few to learn from and to judge by: ingest at least {} more", needed - found)]
    TooFewSales {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// All sales have the same grade.
    #[error(
        "all {sales} sales have the {scale} {grade}: ingest sales of other grades, or no model can learn what {scale} is worth"
    )]
    OneGrade {
        /// How many sales there are.
        sales: usize,
        /// Which scale it is.
        scale: &'static str,
        /// The only grade.
        grade: &'static str,
    },
    /// A family cannot be fitted.
    #[error(transparent)]
    Family(#[from] FamilyError),
}

/// The two sides of a dataset.
#[derive(Debug, Clone)]
pub struct Partition {
    /// What models are fitted to.
    pub train: Vec<Sale>,
    /// Stones that models are judged by.
    pub holdout: Vec<Stone>,
    /// What those stones fetched, in US dollars.
    pub truth: Vec<f64>,
    split: Split,
}

impl Partition {
    /// Parts `sales` by the hash of each and `salt`: a sale is on the same side for ever.
    ///
    /// # Errors
    /// If the sales do not suffice for any model.
    pub fn new(sales: &[Sale], salt: &str) -> Result<Self, TrainingError> {
        match sales.len() {
            0 => return Err(TrainingError::NoSales),
            found if found < MIN_SALES => return Err(TrainingError::TooFewSales { found, needed: MIN_SALES }),
            _ => {}
        }
        let split = Split::new(salt, HOLDOUT_SHARE);
        let (train, held_out) = split.part(sales);
        require_two_grades::<Cut>(&train, |stone| stone.cut)?;
        require_two_grades::<Color>(&train, |stone| stone.color)?;
        require_two_grades::<Clarity>(&train, |stone| stone.clarity)?;
        if held_out.len() < 2 {
            // many copies of few sales may all be on one side
            return Err(TrainingError::TooFewSales { found: sales.len(), needed: sales.len() + MIN_SALES });
        }
        Ok(Self {
            train,
            holdout: held_out.iter().map(|sale| sale.stone).collect(),
            truth: held_out.iter().map(|sale| sale.price_usd).collect(),
            split,
        })
    }

    /// Whether `sale` judges models rather than that they are fitted to it.
    #[must_use]
    pub fn holds_out(&self, sale: &Sale) -> bool {
        self.split.picks(sale)
    }
}

fn require_two_grades<G: Grade>(sales: &[Sale], grade_of: fn(&Stone) -> G) -> Result<(), TrainingError> {
    match levels_present(sales.iter().map(|sale| &sale.stone), grade_of)[..] {
        [only] => Err(TrainingError::OneGrade { sales: sales.len(), scale: G::SCALE, grade: only.name() }),
        _ => Ok(()),
    }
}

/// A model that was fitted and judged.
pub struct Trained {
    /// Name of its family.
    pub family: &'static str,
    /// The model and what belongs to it.
    pub fitted: Fitted,
    /// What it says of the holdout, in US dollars.
    pub predicted: Vec<f64>,
    /// How far that is off.
    pub metrics: Metrics,
    /// How far it is off on parts of the holdout.
    pub segments: Vec<Segment>,
    /// The range around its prices, by the holdout, which neither fit nor tuning has seen; `None` if that is too small.
    pub calibration: Option<Calibration>,
    /// How long tuning and fitting took.
    pub fit_time: Duration,
    /// How long pricing the holdout took.
    pub evaluate_time: Duration,
}

/// Fits a model of `family` to the training side and judges it by the other.
///
/// # Errors
/// If the family cannot be fitted.
pub fn train(family: &dyn Family, partition: &Partition, plan: &FitPlan<'_>) -> Result<Trained, TrainingError> {
    let started = Instant::now();
    let fitted = family.fit(&partition.train, plan)?;
    let fit_time = started.elapsed();
    let started = Instant::now();
    let predicted = fitted.model.prices_usd(&partition.holdout);
    let metrics = Metrics::of(&partition.truth, &predicted);
    let evaluate_time = started.elapsed();
    Ok(Trained {
        family: family.name(),
        metrics,
        segments: segments(&partition.holdout, &partition.truth, &predicted),
        calibration: Calibration::of(&partition.holdout, &partition.truth, &predicted),
        fitted,
        predicted,
        fit_time,
        evaluate_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    fn sales(count: usize) -> Vec<Sale> {
        Generator::new(9).take(count).collect()
    }

    fn error(sales: &[Sale]) -> String {
        Partition::new(sales, "salt").expect_err("not enough").to_string()
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(error(&[]).contains("no sales to learn from"));
        assert_eq!(error(&sales(37)), "37 sales are too few to learn from and to judge by: ingest at least 63 more");
        let mut ideal = sales(200);
        for sale in &mut ideal {
            sale.stone.cut = Cut::Ideal;
        }
        assert!(error(&ideal).contains("sales have the cut Ideal: ingest sales of other grades"));
    }

    #[test]
    fn copies_of_a_sale_stay_on_one_side() {
        let mut all = sales(500);
        all.extend(all.clone());
        let partition = Partition::new(&all, "salt").expect("enough");
        assert!(partition.holdout.iter().all(|stone| !partition.train.iter().any(|sale| sale.stone == *stone)));
    }
}
