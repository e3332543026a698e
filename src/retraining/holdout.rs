//! Splits the sales into those that models are fitted to and the holdout.

use super::TrainingError;
use crate::diamond::{Clarity, Color, Cut, Grade, Sale, Stone};
use crate::learning::evaluation::Split;
use crate::learning::features::levels_present;

/// Share of the sales in the holdout, which no model is trained on.
pub const HOLDOUT_SHARE: f64 = 0.2;
/// Fewest sales for training and evaluating a model.
pub const MIN_SALES: usize = 100;

/// The two sides of a dataset.
#[derive(Debug, Clone)]
pub struct HoldoutSplit {
    /// The sales that models are fitted to.
    pub train: Vec<Sale>,
    /// The stones of the holdout.
    pub holdout: Vec<Stone>,
    /// The prices that those stones fetched, in US dollars.
    pub truth: Vec<f64>,
    split: Split,
}

impl HoldoutSplit {
    /// Splits `sales` by the hash of each and `salt`: a sale is always on the same side.
    ///
    /// # Errors
    /// If there are too few sales for any model.
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

    /// Whether `sale` is in the holdout.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    fn sales(count: usize) -> Vec<Sale> {
        Generator::new(9).take(count).collect()
    }

    fn error(sales: &[Sale]) -> String {
        HoldoutSplit::new(sales, "salt").expect_err("not enough").to_string()
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(error(&[]).contains("no sales to train on"));
        assert_eq!(error(&sales(37)), "37 sales are too few for training and evaluation: ingest at least 63 more");
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
        let partition = HoldoutSplit::new(&all, "salt").expect("enough");
        assert!(partition.holdout.iter().all(|stone| !partition.train.iter().any(|sale| sale.stone == *stone)));
    }
}
