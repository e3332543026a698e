//! A range around the price of one stone that holds with a given confidence.
//!
//! Split conformal prediction (Papadopoulos et al., "Inductive confidence machines for regression", 2002; Lei et al.,
//! "Distribution-free predictive inference for regression", 2018) on stones that the model has not seen: if a new stone is
//! like these, its price is within the quantile of their errors with the quantile's probability, whatever the model. Errors
//! are logarithms of price over prediction, taken separately for what was told of a stone and for each class of weight (Vovk et al.,
//! "Mondrian confidence machine", 2003), after they are divided by a spread: what some cuts, colours and clarities err more
//! or less than others (Lei et al., section 5.2). The spread of an error is learnt from other errors than its own, in folds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::quantile::quantile;
use crate::diamond::{Clarity, Color, Cut, Grade, Stone, Told};
use crate::text::to_the_cent;

/// How often a range holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confidence {
    /// For one in two stones.
    Half,
    /// For eight in ten stones.
    Eighty,
    /// For nine in ten stones.
    #[default]
    Ninety,
    /// For nineteen in twenty stones.
    NinetyFive,
}

impl Confidence {
    /// Every one, the least first.
    pub const ALL: [Self; 4] = [Self::Half, Self::Eighty, Self::Ninety, Self::NinetyFive];

    /// As a share.
    #[must_use]
    pub fn share(self) -> f64 {
        match self {
            Self::Half => 0.5,
            Self::Eighty => 0.8,
            Self::Ninety => 0.9,
            Self::NinetyFive => 0.95,
        }
    }

    /// The confidence that somebody wrote as a share or in percent.
    ///
    /// # Errors
    /// If it is another one, as the second half of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim_end_matches([' ', '%']).parse::<f64>().unwrap_or(f64::NAN);
        let share = if number > 1.0 { number / 100.0 } else { number };
        let found = Self::ALL.into_iter().find(|known| (known.share() - share).abs() < 1e-9);
        found.ok_or_else(|| "must be 0.5, 0.8, 0.9 or 0.95".to_owned())
    }
}

/// Weights at which a class may begin, in carats: where the trade's prices jump.
const CLASS_BOUNDS_CARAT: [f64; 4] = [0.5, 1.0, 1.5, 2.0];
/// Fewest stones in a class; smaller classes are joined to the next lighter one.
const MIN_CLASS_ROWS: usize = 30;
/// Parts of the stones, of which each is judged by what the others say.
const FOLDS: usize = 5;
/// How often the spreads of the three scales are adjusted to each other.
const ROUNDS: usize = 4;
/// So many stones of a grade are worth as much as the knowledge that grades hardly differ: to make a range narrower, and to make it wider,
/// as one that is too wide does less harm.
const PRIOR_ROWS: [f64; 2] = [40.0, 10.0];

/// The ranges of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Calibration {
    /// Classes by what was told and by weight: whole stones first, the lightest first.
    pub classes: Vec<RangeClass>,
    /// How much wider or narrower the ranges of a grade are.
    #[serde(default)]
    pub spreads: Vec<GradeSpread>,
}

/// The range for stones of some weights of which so much was told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RangeClass {
    /// What was told of the stones.
    #[serde(default)]
    pub told: Told,
    /// The least weight in the class, in carats.
    pub from_carat: f64,
    /// Number of stones that it was computed from.
    pub rows: i64,
    /// Half the width of the range of nine in ten as a logarithm, for a grade of usual spread: 0.1 is about 10 % up and down.
    pub log_half_width: f64,
    /// The same for the ranges of 50, 80 and 95 in a hundred; absent in models of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<OtherWidths>,
}

/// Half widths as logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OtherWidths {
    /// Of the range of one in two.
    pub half: f64,
    /// Of the range of eight in ten.
    pub eighty: f64,
    /// Of the range of nineteen in twenty.
    pub ninety_five: f64,
    /// The share of stones that were within the range of nine in ten which the others gave.
    pub held: f64,
}

/// How much wider the ranges of one grade are than usual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GradeSpread {
    /// What was told of the stones.
    pub told: Told,
    /// `cut`, `color` or `clarity`.
    pub scale: String,
    /// Place of the grade on its scale, 0 for the worst.
    pub rank: i64,
    /// The widths as a multiple of the usual ones.
    pub factor: f64,
}

/// A range of prices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceRange {
    /// Its lower end in US dollars, to the cent.
    pub low: f64,
    /// Its upper end in US dollars, to the cent.
    pub high: f64,
    /// Confidence of the range, as a share.
    pub confidence: f64,
}

impl RangeClass {
    /// How far the range goes above the price, as a share of it.
    #[must_use]
    pub fn share_above(&self) -> f64 {
        self.log_half_width.exp() - 1.0
    }

    fn log_half_width(&self, confidence: Confidence) -> Option<f64> {
        match confidence {
            Confidence::Ninety => Some(self.log_half_width),
            Confidence::Half => self.others.map(|others| others.half),
            Confidence::Eighty => self.others.map(|others| others.eighty),
            Confidence::NinetyFive => self.others.map(|others| others.ninety_five),
        }
    }
}

/// Errors on stones of which the same was told.
pub struct JudgedStones<'a> {
    /// What was told.
    pub told: Told,
    /// The stones, which the model has not seen.
    pub stones: &'a [Stone],
    /// What they fetched, in US dollars.
    pub truth: &'a [f64],
    /// What the model says when so much is told, in US dollars.
    pub predicted: &'a [f64],
}

impl Calibration {
    /// Computes the ranges from what the model says of stones when more or less of them is told; arrays of shape `(n_rows,)`. What
    /// cannot be calibrated, because there are too few or a prediction is not a price, is left out. `None` if nothing can.
    ///
    /// # Panics
    /// If arrays differ in length.
    #[must_use]
    pub fn of(judged: &[JudgedStones<'_>]) -> Option<Self> {
        let mut calibration = Self { classes: Vec::new(), spreads: Vec::new() };
        for judged in judged {
            if let Some((classes, spread)) = calibrate(judged) {
                calibration.classes.extend(classes);
                calibration.spreads.extend(spread.grades(judged.told));
            }
        }
        (!calibration.classes.is_empty()).then_some(calibration)
    }

    /// The range around `price_usd` for `stone`.
    #[must_use]
    pub fn range(&self, stone: &Stone, price_usd: f64, confidence: Confidence) -> Option<PriceRange> {
        let told = stone.settled().told();
        // models of earlier versions were calibrated on whole stones only; others may never have seen a whole one
        let is_calibrated = |told: &Told| self.classes.iter().any(|class| class.told == *told);
        let told = [told, Told::Whole, Told::Partly, Told::FourCs].into_iter().find(is_calibrated)?;
        let mut of_told = self.classes.iter().rev().filter(|class| class.told == told);
        let class = of_told.find(|class| class.from_carat <= stone.weight_carat)?;
        let ranks = ranks(stone);
        let of_stone = |spread: &&GradeSpread| {
            let is_of = |scale: usize| SCALES[scale] == spread.scale && i64::try_from(ranks[scale]) == Ok(spread.rank);
            spread.told == told && (0..SCALES.len()).any(is_of)
        };
        let factor: f64 = self.spreads.iter().filter(of_stone).map(|spread| spread.factor).product();
        let width = (class.log_half_width(confidence)? * factor).exp();
        Some(PriceRange {
            low: to_the_cent(price_usd / width),
            high: to_the_cent(price_usd * width),
            confidence: confidence.share(),
        })
    }
}

/// The scales whose grades have a spread.
const SCALES: [&str; 3] = [Cut::SCALE, Color::SCALE, Clarity::SCALE];
/// Most grades of a scale.
const MAX_GRADES: usize = 8;

/// The ranks of the grades of `stone`, in the order of [`SCALES`].
fn ranks(stone: &Stone) -> [usize; 3] {
    [stone.cut.rank(), stone.color.rank(), stone.clarity.rank()]
}

/// An error, with what it depends on.
struct Judged {
    ranks: [usize; 3],
    class: usize,
    /// The absolute logarithm of price over prediction.
    error: f64,
}

/// How much more the errors of each grade spread than usual, as a logarithm; of grades that do not exist nothing.
#[derive(Debug, Clone, Default)]
struct Spread([[f64; MAX_GRADES]; 3]);

impl Spread {
    fn log_factor(&self, ranks: [usize; 3]) -> f64 {
        self.0.iter().zip(ranks).map(|(factors, rank)| factors[rank]).sum()
    }

    /// Adjusts the factors of one scale after the other until the quantile of nine in ten is the same for all grades, less so
    /// where there are few.
    fn of<'a>(errors: &(impl Iterator<Item = &'a Judged> + Clone)) -> Self {
        let mut spread = Self::default();
        let classes = errors.clone().map(|one| one.class).max().unwrap_or(0) + 1;
        let mut widths = vec![0.0; classes];
        let ninety =
            |mut values: Vec<f64>| quantile(&mut values, Confidence::Ninety.share()).filter(|width| *width > 0.0);
        for _ in 0..ROUNDS {
            for (class, width) in widths.iter_mut().enumerate() {
                let of_class = errors.clone().filter(|one| one.class == class);
                let scaled = of_class.map(|one| one.error / spread.log_factor(one.ranks).exp());
                *width = ninety(scaled.collect()).map_or(0.0, f64::ln);
            }
            for scale in 0..SCALES.len() {
                for rank in 0..MAX_GRADES {
                    let of_grade = errors.clone().filter(|one| one.ranks[scale] == rank);
                    let left = of_grade.map(|one| one.error / (widths[one.class] + spread.log_factor(one.ranks)).exp());
                    let left: Vec<f64> = left.collect();
                    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
                    let rows = left.len() as f64;
                    let factor = ninety(left).map_or(0.0, f64::ln);
                    spread.0[scale][rank] += factor * rows / (rows + PRIOR_ROWS[usize::from(factor > 0.0)]);
                }
            }
        }
        spread
    }

    fn grades(&self, told: Told) -> impl Iterator<Item = GradeSpread> {
        SCALES.iter().zip(&self.0).flat_map(move |(scale, factors)| {
            factors.iter().zip(0..).filter(|(factor, _)| factor.abs() > 1e-9).map(move |(factor, rank)| GradeSpread {
                told,
                scale: (*scale).to_owned(),
                rank,
                factor: factor.exp(),
            })
        })
    }
}

/// The classes and the spread of errors on stones of which the same was told.
fn calibrate(judged: &JudgedStones<'_>) -> Option<(Vec<RangeClass>, Spread)> {
    let JudgedStones { stones, truth, predicted, .. } = judged;
    if stones.is_empty() {
        return None;
    }
    assert!(stones.len() == truth.len() && truth.len() == predicted.len(), "a truth and a prediction for each stone");
    let bounds = class_bounds(stones);
    let errors: Vec<Judged> = stones
        .iter()
        .zip(truth.iter().zip(*predicted))
        .map(|(stone, (truth, predicted))| Judged {
            ranks: ranks(stone),
            class: bounds.partition_point(|bound| *bound <= stone.weight_carat) - 1,
            error: (truth / predicted).ln().abs(),
        })
        .collect();
    if errors.iter().any(|one| !one.error.is_finite()) {
        return None;
    }
    // each error divided by the spread that the other folds have
    let mut scaled = vec![0.0; errors.len()];
    for fold in 0..FOLDS {
        let others = errors.iter().enumerate().filter(|(row, _)| row % FOLDS != fold).map(|(_, one)| one);
        let spread = Spread::of(&others);
        for (row, one) in errors.iter().enumerate().filter(|(row, _)| row % FOLDS == fold) {
            scaled[row] = one.error / spread.log_factor(one.ranks).exp();
        }
    }
    let classes = bounds.iter().enumerate().map(|(class, from_carat)| {
        let of_class = |keep: &dyn Fn(usize) -> bool| -> Vec<f64> {
            let rows = errors.iter().enumerate().filter(|(row, one)| one.class == class && keep(*row));
            rows.map(|(row, _)| scaled[row]).collect()
        };
        let all = of_class(&|_| true);
        let mut held = 0;
        for fold in 0..FOLDS {
            let width = conformal_quantile(of_class(&|row| row % FOLDS != fold), Confidence::Ninety)?;
            held += of_class(&|row| row % FOLDS == fold).iter().filter(|error| **error <= width).count();
        }
        let width = |confidence| conformal_quantile(all.clone(), confidence);
        #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
        let held = held as f64 / all.len() as f64;
        let ninety = width(Confidence::Ninety)?;
        Some(RangeClass {
            told: judged.told,
            from_carat: *from_carat,
            rows: i64::try_from(all.len()).ok()?,
            log_half_width: ninety,
            others: Some(OtherWidths {
                half: width(Confidence::Half)?,
                eighty: width(Confidence::Eighty)?,
                // of few stones, the widest error is the most that can be said
                ninety_five: width(Confidence::NinetyFive)
                    .unwrap_or_else(|| all.iter().copied().fold(ninety, f64::max)),
                held,
            }),
        })
    });
    Some((classes.collect::<Option<_>>()?, Spread::of(&errors.iter())))
}

/// The least weight of each class, so that every class has enough of `stones`.
fn class_bounds(stones: &[Stone]) -> Vec<f64> {
    let rows_in = |from: f64, to: f64| stones.iter().filter(|stone| (from..to).contains(&stone.weight_carat)).count();
    let mut bounds = vec![0.0];
    for (place, bound) in CLASS_BOUNDS_CARAT.into_iter().enumerate() {
        let end = CLASS_BOUNDS_CARAT.get(place + 1).copied().unwrap_or(f64::INFINITY);
        let last = bounds[bounds.len() - 1];
        // the class before, or this one, may be too small to be a class of its own
        if rows_in(last, bound) >= MIN_CLASS_ROWS && rows_in(bound, end) >= MIN_CLASS_ROWS {
            bounds.push(bound);
        }
    }
    bounds
}

/// The bound that a new error stays below with this probability: the ⌈(n + 1) · confidence⌉-th smallest of `n`. `None` if there are
/// too few.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn conformal_quantile(mut errors: Vec<f64>, confidence: Confidence) -> Option<f64> {
    let count = errors.len() as f64;
    let rank = ((count + 1.0) * confidence.share()).ceil();
    if rank > count || errors.iter().any(|error| !error.is_finite()) {
        return None;
    }
    quantile(&mut errors, (rank - 1.0) / count)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;

    /// Stones, their prices, and predictions that miss them by more where a stone is heavy or of a low clarity.
    fn judged(seed: u64, count: usize) -> (Vec<Stone>, Vec<f64>, Vec<f64>) {
        let sales: Vec<Sale> = Generator::new(seed).take(count).collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut predict = |sale: &Sale| {
            let ranks = u32::try_from(sale.stone.clarity.rank() + sale.stone.color.rank()).expect("small");
            let spread = 0.05 * (1.0 + sale.stone.weight_carat) * (1.0 + 2.0 / f64::from(1 + ranks));
            // a sum of uniform numbers is nearly normal
            let noise: f64 = (0..6).map(|_| random.random_range(-1.0..1.0)).sum();
            sale.price_usd * (spread * noise).exp()
        };
        let predicted = sales.iter().map(&mut predict).collect();
        (sales.iter().map(|sale| sale.stone).collect(), sales.iter().map(|sale| sale.price_usd).collect(), predicted)
    }

    fn calibration(stones: &[Stone], truth: &[f64], predicted: &[f64]) -> Option<Calibration> {
        Calibration::of(&[JudgedStones { told: Told::Whole, stones, truth, predicted }])
    }

    #[test]
    fn a_range_holds_on_fresh_stones_as_often_as_it_says_in_every_class_and_grade() {
        let (stones, truth, predicted) = judged(1, 8_000);
        let calibration = calibration(&stones, &truth, &predicted).expect("enough stones");
        assert!(calibration.classes.len() >= 3, "{calibration:?}");
        let (stones, truth, predicted) = judged(2, 20_000);
        for confidence in Confidence::ALL {
            let mut held = std::collections::BTreeMap::<(&str, usize), (f64, f64)>::new();
            for ((stone, truth), predicted) in stones.iter().zip(&truth).zip(&predicted) {
                let range = calibration.range(stone, *predicted, confidence).expect("a range");
                assert!((range.confidence - confidence.share()).abs() < 1e-12);
                let class = CLASS_BOUNDS_CARAT.partition_point(|bound| *bound <= stone.weight_carat);
                let groups = [("carat", class), ("clarity", stone.clarity.rank()), ("color", stone.color.rank())];
                for group in groups {
                    let (hits, rows) = held.entry(group).or_default();
                    *hits += f64::from(u8::from((range.low..=range.high).contains(truth)));
                    *rows += 1.0;
                }
            }
            // the spreads of grades are those of nine in ten
            let judged = |scale: &str| scale == "carat" || confidence == Confidence::Ninety;
            for (group, (hits, rows)) in held.iter().filter(|((scale, _), (_, rows))| judged(scale) && *rows > 400.0) {
                assert!((hits / rows - confidence.share()).abs() < 0.045, "{confidence:?}, {group:?}: {held:?}");
            }
        }
    }

    #[test]
    fn the_quantile_is_that_worked_out_by_hand() {
        let errors = |count: u32| (1..=count).rev().map(f64::from).collect::<Vec<f64>>();
        assert_eq!(conformal_quantile(errors(9), Confidence::Ninety), Some(9.0), "⌈10 · 0.9⌉ = 9");
        assert_eq!(conformal_quantile(errors(8), Confidence::Ninety), None, "⌈9 · 0.9⌉ = 9 of 8");
        assert_eq!(conformal_quantile(errors(100), Confidence::Ninety), Some(91.0), "⌈101 · 0.9⌉ = 91");
        assert_eq!(conformal_quantile(vec![f64::NAN; 50], Confidence::Half), None);
    }

    #[test]
    fn small_classes_are_joined_to_lighter_ones() {
        let (stones, truth, predicted) = judged(3, 60);
        let all = calibration(&stones, &truth, &predicted).expect("enough stones");
        assert_eq!((all.classes.len(), all.classes[0].rows), (1, 60));
        assert!(calibration(&stones[..5], &truth[..5], &predicted[..5]).is_none());
    }

    #[test]
    fn what_somebody_writes_as_a_confidence_is_read() {
        for (text, confidence) in
            [("0.5", Confidence::Half), ("90", Confidence::Ninety), ("95 %", Confidence::NinetyFive)]
        {
            assert_eq!(Confidence::parse(text), Ok(confidence));
        }
        assert_eq!(Confidence::parse("0.99"), Err("must be 0.5, 0.8, 0.9 or 0.95".to_owned()));
    }
}
