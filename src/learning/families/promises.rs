//! What holds for the prices of every family, because it is kept around them and not by each: a stone has one price, whichever of its
//! sides is called the length.

use super::{Contributions, Family, FamilyError, FitPlan, Fitted, Model, SalesSource};
use crate::diamond::{Sale, Stone};

/// Fits a model of `family` that keeps the promises.
///
/// # Errors
/// As [`Family::fit`].
pub fn fit_model(family: &dyn Family, sales: &dyn SalesSource, plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
    let fitted = family.fit(&TurnedSales(sales), plan)?;
    Ok(Fitted { model: Box::new(KeepingPromises(fitted.model)), ..fitted })
}

/// A model that keeps the promises, whatever the one in it does.
pub(super) struct KeepingPromises(pub Box<dyn Model>);

impl Model for KeepingPromises {
    fn price_usd(&self, stone: &Stone) -> f64 {
        self.0.price_usd(&stone.turned())
    }

    fn prices_usd(&self, stones: &[Stone]) -> Vec<f64> {
        let turned: Vec<Stone> = stones.iter().map(|stone| stone.turned()).collect();
        self.0.prices_usd(&turned)
    }

    fn contributions(&self, stone: &Stone, typical: &Stone) -> Result<Contributions, FamilyError> {
        self.0.contributions(&stone.turned(), &typical.turned())
    }
}

/// Sales of turned stones.
struct TurnedSales<'a>(&'a dyn SalesSource);

impl SalesSource for TurnedSales<'_> {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn for_each_block(&self, visit: &mut dyn FnMut(&[Sale])) -> Result<(), FamilyError> {
        let mut turned = Vec::new();
        self.0.for_each_block(&mut |block| {
            turned.clear();
            turned.extend(block.iter().map(|sale| Sale { stone: sale.stone.turned(), ..*sale }));
            visit(&turned);
        })
    }
}
