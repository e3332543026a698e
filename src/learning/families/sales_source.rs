//! The sales that a model is fitted to.

use std::error::Error;

use super::FamilyError;
use crate::diamond::Sale;

/// Sales that can be read again and again, block by block, always in the same order: they need not fit in memory.
pub trait SalesSource: Sync {
    /// Their number.
    fn count(&self) -> usize;

    /// Passes all of them to `visit`.
    ///
    /// # Errors
    /// If they cannot be read.
    fn for_each_block(&self, visit: &mut dyn FnMut(&[Sale])) -> Result<(), FamilyError>;

    /// All sales, or, if there are more than `most`, so many of them, evenly spread.
    ///
    /// # Errors
    /// If they cannot be read.
    fn sample(&self, most: usize) -> Result<Vec<Sale>, FamilyError> {
        let count = self.count();
        let mut chosen = Vec::with_capacity(count.min(most));
        let mut place = 0;
        self.for_each_block(&mut |block| {
            for sale in block {
                if is_chosen(place, count, most) {
                    chosen.push(*sale);
                }
                place += 1;
            }
        })?;
        Ok(chosen)
    }
}

impl SalesSource for Vec<Sale> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_block(&self, visit: &mut dyn FnMut(&[Sale])) -> Result<(), FamilyError> {
        visit(self);
        Ok(())
    }
}

/// Whether the row at `place` of `count` rows is one of `most` that are evenly spread over them.
#[must_use]
pub fn is_chosen(place: usize, count: usize, most: usize) -> bool {
    // the row after which the number of chosen ones grows
    let chosen_before = |place: usize| place as u128 * most as u128 / count.max(1) as u128;
    count <= most || chosen_before(place) != chosen_before(place + 1)
}

impl FamilyError {
    /// The error of sales that cannot be read.
    #[must_use]
    pub fn sales(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Sales { source: Box::new(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn a_sample_has_the_wanted_size_and_is_spread_over_all() {
        let sales: Vec<Sale> = Generator::new(1).take(1_000).collect();
        for most in [1, 7, 333, 999, 1_000, 5_000] {
            let sample = sales.sample(most).expect("in memory");
            assert_eq!(sample.len(), most.min(1_000));
            let places: Vec<usize> =
                sample.iter().map(|sale| sales.iter().position(|one| one == sale).expect("one of them")).collect();
            let widest = places.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
            assert!(widest <= 1_000_usize.div_ceil(most), "{most}: {widest}");
        }
    }
}
