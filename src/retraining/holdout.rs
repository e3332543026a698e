//! Splits the sales into those that models are fitted to and the holdout.

use std::sync::Arc;

use jiff::civil::Date;

use super::TrainingError;
use crate::diamond::{Grade, Sale, Stone};
use crate::learning::evaluation::Split;
use crate::learning::families::{FamilyError, SalesSource, is_chosen};
use crate::learning::features::KnownGrades;
use crate::learning::price_level::{PriceLevel, SalesPeriod, price_level};
use crate::pricing::{DatasetSummary, DatasetSummaryBuilder};
use crate::store::{SaleBlocks, StoreError, StoredSale};

/// Share of the sales in the holdout, which no model is trained on.
pub const HOLDOUT_SHARE: f64 = 0.2;
/// Fewest sales for training and evaluating a model.
pub const MIN_SALES: usize = 100;

/// Most sales on which models are evaluated: of a larger holdout, always the same part. An error of three tenths of a percent of the
/// mean error is not worth more: a price in order takes some 50 µs.
const MAX_EVALUATED: usize = 500_000;
/// Most sales for training that are kept in memory; more are read from their file again and again.
const MAX_IN_MEMORY: usize = 1_000_000;
/// Most sales for training from which the level of prices is told.
const MAX_LEVELLED: usize = 200_000;
/// Most sales for training that are searched for large errors.
const MAX_REVIEWED: usize = 200_000;

/// The two sides of a dataset.
pub struct HoldoutSplit {
    /// The sales that models are fitted to.
    pub train: TrainingSales,
    /// The stones of the holdout on which models are evaluated.
    pub holdout: Vec<Stone>,
    /// The prices that those stones fetched, in US dollars, at the level of the newest day.
    pub truth: Vec<f64>,
    /// The days of the sales, if they are known.
    pub period: Option<SalesPeriod>,
    /// The level of prices on these days, if it moves.
    pub(super) level: Option<PriceLevel>,
    /// The sales that are searched for large errors, as they came, and where they came from.
    pub(super) reviewed: Vec<StoredSale>,
    /// How many sales the holdout has.
    pub holdout_count: usize,
    /// What answers need to know of the dataset.
    pub(super) summary: DatasetSummary,
    split: Split,
}

/// The sales that models are fitted to.
pub enum TrainingSales {
    /// They are in memory.
    InMemory(Vec<Sale>),
    /// They are read from a file.
    InFile {
        /// All sales.
        sales: Arc<dyn SaleBlocks>,
        /// For each of them, in order, whether it is held out.
        held_out: Vec<bool>,
        /// Number of the others.
        count: usize,
        /// Brings their prices to the level of the newest day, if it moves.
        level: Option<PriceLevel>,
    },
}

impl SalesSource for TrainingSales {
    fn count(&self) -> usize {
        match self {
            Self::InMemory(sales) => sales.len(),
            Self::InFile { count, .. } => *count,
        }
    }

    fn for_each_block(&self, visit: &mut dyn FnMut(&[Sale])) -> Result<(), FamilyError> {
        match self {
            Self::InMemory(sales) => sales.for_each_block(visit),
            Self::InFile { sales, held_out, level, .. } => {
                let mut sides = held_out.iter();
                let mut block = Vec::new();
                let read = sales.for_each_block(&mut |all| {
                    block.clear();
                    block.extend(
                        all.iter()
                            .zip(sides.by_ref())
                            .filter(|(_, held_out)| !**held_out)
                            .map(|(stored, _)| at_level(stored.sale, level.as_ref())),
                    );
                    visit(&block);
                });
                read.map_err(FamilyError::sales)
            }
        }
    }
}

/// `sale` at the level of the newest day.
fn at_level(sale: Sale, level: Option<&PriceLevel>) -> Sale {
    Sale { price_usd: level.map_or(1.0, |level| level.factor(sale.sold_on)) * sale.price_usd, ..sale }
}

/// Sales in memory as if they were read from the store.
struct KnownSales<'a>(&'a [Sale]);

impl SaleBlocks for KnownSales<'_> {
    fn for_each_block(&self, visit: &mut dyn FnMut(&[StoredSale])) -> Result<(), StoreError> {
        let stored: Vec<StoredSale> =
            (1..).zip(self.0).map(|(line, sale)| StoredSale { sale: *sale, batch: 1, line }).collect();
        visit(&stored);
        Ok(())
    }
}

impl HoldoutSplit {
    /// Splits `sales` by the hash of each and `salt`: a sale is always on the same side.
    ///
    /// # Errors
    /// If there are too few sales for any model.
    pub fn new(sales: &[Sale], salt: &str) -> Result<Self, TrainingError> {
        let mut sides = Sides::new(sales.len(), salt, usize::MAX)?;
        KnownSales(sales).for_each_block(&mut |block| sides.add(block))?;
        let train = TrainingSales::InMemory(std::mem::take(&mut sides.train));
        sides.finish(train)
    }

    /// Splits the `count` sales of `sales`; they need not fit in memory.
    ///
    /// # Errors
    /// If there are too few sales for any model, or they cannot be read.
    pub fn read(sales: Arc<dyn SaleBlocks>, count: usize, salt: &str) -> Result<Self, TrainingError> {
        let mut sides = Sides::new(count, salt, MAX_IN_MEMORY)?;
        sales.for_each_block(&mut |block| sides.add(block))?;
        let train = if count <= MAX_IN_MEMORY {
            TrainingSales::InMemory(std::mem::take(&mut sides.train))
        } else {
            let count = sides.held_out.len() - sides.holdout_count;
            TrainingSales::InFile { sales, held_out: std::mem::take(&mut sides.held_out), count, level: None }
        };
        sides.finish(train)
    }

    /// Brings every price to the level of the newest day, if the days of most sales are known and the level moves. `of_holdout` are the
    /// days of the holdout.
    fn bring_to_newest_level(&mut self, of_holdout: &[Option<Date>]) -> Result<(), FamilyError> {
        if of_holdout.iter().all(Option::is_none) {
            return Ok(());
        }
        let Some((period, level)) = price_level(&self.train.sample(MAX_LEVELLED)?) else { return Ok(()) };
        self.period = Some(period);
        let Some(known) = &level else { return Ok(()) };
        for (price_usd, day) in self.truth.iter_mut().zip(of_holdout) {
            *price_usd *= known.factor(*day);
        }
        match &mut self.train {
            TrainingSales::InMemory(sales) => sales.iter_mut().for_each(|sale| *sale = at_level(*sale, level.as_ref())),
            TrainingSales::InFile { level: of_file, .. } => of_file.clone_from(&level),
        }
        self.level = level;
        Ok(())
    }

    /// `stored` as models learn it: at the level of the newest day, and turned; `None` if it is held out.
    #[must_use]
    pub fn learnt(&self, stored: &StoredSale) -> Option<StoredSale> {
        let sale = at_level(stored.sale, self.level.as_ref());
        let turned = Sale { stone: sale.stone.turned(), ..sale };
        (!self.holds_out(&stored.sale)).then_some(StoredSale { sale: turned, ..*stored })
    }

    /// Whether `sale` is in the holdout.
    #[must_use]
    pub fn holds_out(&self, sale: &Sale) -> bool {
        self.split.picks(sale)
    }
}

/// The sides while the sales are read.
struct Sides {
    split: Split,
    /// Picks the part of the holdout that models are evaluated on.
    evaluated: Split,
    is_in_memory: bool,
    count: usize,
    seen: usize,
    train: Vec<Sale>,
    grades: KnownGrades,
    held_out: Vec<bool>,
    holdout: Vec<Stone>,
    truth: Vec<f64>,
    /// The days of the sales of the holdout.
    sold_on: Vec<Option<Date>>,
    reviewed: Vec<StoredSale>,
    summary: DatasetSummaryBuilder,
    holdout_count: usize,
}

impl Sides {
    fn new(count: usize, salt: &str, most_in_memory: usize) -> Result<Self, TrainingError> {
        match count {
            0 => return Err(TrainingError::NoSales),
            found if found < MIN_SALES => return Err(TrainingError::TooFewSales { found, needed: MIN_SALES }),
            _ => {}
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
        let evaluated_share = (MAX_EVALUATED as f64 / count as f64).min(HOLDOUT_SHARE);
        Ok(Self {
            split: Split::new(salt, HOLDOUT_SHARE),
            evaluated: Split::new(salt, evaluated_share),
            is_in_memory: count <= most_in_memory,
            count,
            seen: 0,
            train: Vec::new(),
            grades: KnownGrades::none(),
            held_out: Vec::new(),
            holdout: Vec::new(),
            truth: Vec::new(),
            sold_on: Vec::new(),
            reviewed: Vec::new(),
            summary: DatasetSummary::of_count(count),
            holdout_count: 0,
        })
    }

    fn add(&mut self, block: &[StoredSale]) {
        for stored in block {
            let sale = stored.sale;
            self.summary.add(&sale);
            let place = self.split.place_of(&sale);
            let held_out = self.split.has(place);
            if held_out {
                self.holdout_count += 1;
                if self.evaluated.has(place) {
                    self.holdout.push(sale.stone);
                    self.truth.push(sale.price_usd);
                    self.sold_on.push(sale.sold_on);
                }
            } else {
                self.grades.add(std::iter::once(&sale.stone));
                if self.is_in_memory {
                    self.train.push(sale);
                }
            }
            if !self.is_in_memory {
                self.held_out.push(held_out);
            }
            if is_chosen(self.seen, self.count, MAX_REVIEWED) {
                self.reviewed.push(*stored);
            }
            self.seen += 1;
        }
    }

    fn finish(self, train: TrainingSales) -> Result<HoldoutSplit, TrainingError> {
        require_two_grades(&self.grades.cuts, train.count())?;
        require_two_grades(&self.grades.colors, train.count())?;
        require_two_grades(&self.grades.clarities, train.count())?;
        if self.holdout_count < 2 {
            // many copies of few sales may all be on one side
            return Err(TrainingError::TooFewSales { found: self.seen, needed: self.seen + MIN_SALES });
        }
        let mut split = HoldoutSplit {
            train,
            holdout: self.holdout,
            truth: self.truth,
            period: None,
            level: None,
            reviewed: self.reviewed,
            summary: self.summary.finish(),
            holdout_count: self.holdout_count,
            split: self.split,
        };
        split.bring_to_newest_level(&self.sold_on)?;
        Ok(split)
    }
}

fn require_two_grades<G: Grade>(known: &[G], sales: usize) -> Result<(), TrainingError> {
    match known {
        [only] => Err(TrainingError::OneGrade { sales, scale: G::SCALE, grade: only.name() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Cut;
    use crate::generator::Generator;

    fn sales(count: usize) -> Vec<Sale> {
        Generator::new(9).take(count).collect()
    }

    fn error(sales: &[Sale]) -> String {
        HoldoutSplit::new(sales, "salt").err().expect("not enough").to_string()
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
        let train = partition.train.sample(usize::MAX).expect("in memory");
        assert!(partition.holdout.iter().all(|stone| !train.iter().any(|sale| sale.stone == *stone)));
    }

    #[test]
    fn sales_that_are_not_in_memory_are_split_alike() {
        /// Sales in blocks of a few.
        struct Blocks(Vec<Sale>);

        impl SaleBlocks for Blocks {
            fn for_each_block(&self, visit: &mut dyn FnMut(&[StoredSale])) -> Result<(), StoreError> {
                self.0.chunks(7).try_for_each(|some| KnownSales(some).for_each_block(visit))
            }
        }

        let all = sales(1_000);
        let expected = HoldoutSplit::new(&all, "salt").expect("enough");
        let blocks: Arc<dyn SaleBlocks> = Arc::new(Blocks(all.clone()));
        let mut sides = Sides::new(all.len(), "salt", 10).expect("enough");
        blocks.for_each_block(&mut |block| sides.add(block)).expect("read");
        let held_out = std::mem::take(&mut sides.held_out);
        let count = all.len() - sides.holdout_count;
        let split =
            sides.finish(TrainingSales::InFile { sales: blocks, held_out, count, level: None }).expect("enough");
        assert_eq!(split.holdout, expected.holdout);
        assert_eq!(
            split.train.sample(usize::MAX).expect("read"),
            expected.train.sample(usize::MAX).expect("in memory")
        );
    }
}
