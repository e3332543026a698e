//! Made-up sales that look like real ones, for demonstrations, tests and load.
//!
//! The figures below (how often each grade occurs at each weight, how weights cluster at the magic weights, how prices
//! follow weight and grades) were estimated from 4,989 real sales of 2008; no real sale is kept. Row `i` of a seed is always
//! the same row, so that two files can overlap on purpose.

use std::io::{self, Write};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, Normal};

use crate::diamond::{CARAT_PER_CUBIC_MM, Clarity, Color, Cut, Dimensions, Grade, Sale, Stone, StoneDescription};

/// Weights are in intervals of the trade: lower end in carats, frequency in 4,989 sales, and whether stones crowd at the
/// lower end because cutters aim for it (a magic weight).
const WEIGHT_INTERVALS: [(f64, f64, f64, bool); 24] = [
    (0.23, 0.30, 146.0, false),
    (0.30, 0.40, 1086.0, true),
    (0.40, 0.50, 421.0, true),
    (0.50, 0.60, 605.0, true),
    (0.60, 0.70, 85.0, false),
    (0.70, 0.80, 514.0, true),
    (0.80, 0.90, 89.0, false),
    (0.90, 1.00, 267.0, true),
    (1.00, 1.10, 701.0, true),
    (1.10, 1.20, 175.0, false),
    (1.20, 1.30, 236.0, true),
    (1.30, 1.40, 78.0, false),
    (1.40, 1.50, 19.0, false),
    (1.50, 1.60, 277.0, true),
    (1.60, 1.70, 51.0, false),
    (1.70, 1.80, 43.0, true),
    (1.80, 1.90, 9.0, false),
    (1.90, 2.00, 4.0, false),
    (2.00, 2.10, 116.0, true),
    (2.10, 2.20, 25.0, false),
    (2.20, 2.30, 20.0, false),
    (2.30, 2.50, 13.0, false),
    (2.50, 3.00, 6.0, false),
    (3.00, 4.20, 3.0, true),
];

/// Mean distance above a magic weight, in carats.
const MEAN_EXCESS_CARAT: f64 = 0.03;

/// Upper ends of the weight classes of the next three tables, in carats.
const WEIGHT_CLASSES: [f64; 7] = [0.4, 0.6, 0.8, 1.0, 1.3, 1.8, f64::INFINITY];

/// Share of each cut by weight class, worst first.
const CUT_SHARES: [[f64; 5]; 7] = [
    [0.002, 0.078, 0.200, 0.222, 0.498],
    [0.014, 0.087, 0.197, 0.199, 0.503],
    [0.048, 0.113, 0.253, 0.218, 0.368],
    [0.096, 0.154, 0.277, 0.260, 0.213],
    [0.033, 0.077, 0.237, 0.311, 0.342],
    [0.039, 0.079, 0.215, 0.355, 0.311],
    [0.093, 0.088, 0.155, 0.433, 0.232],
];

/// Share of each colour by weight class, worst first.
const COLOR_SHARES: [[f64; 7]; 7] = [
    [0.024, 0.069, 0.135, 0.235, 0.163, 0.224, 0.150],
    [0.023, 0.073, 0.107, 0.231, 0.154, 0.251, 0.162],
    [0.056, 0.099, 0.133, 0.197, 0.212, 0.190, 0.113],
    [0.028, 0.085, 0.179, 0.186, 0.198, 0.190, 0.134],
    [0.058, 0.115, 0.183, 0.231, 0.187, 0.128, 0.099],
    [0.118, 0.178, 0.208, 0.215, 0.140, 0.094, 0.046],
    [0.191, 0.325, 0.206, 0.165, 0.052, 0.041, 0.021],
];

/// Share of each clarity by weight class, worst first.
const CLARITY_SHARES: [[f64; 8]; 7] = [
    [0.001, 0.052, 0.174, 0.236, 0.189, 0.154, 0.132, 0.061],
    [0.002, 0.107, 0.237, 0.231, 0.189, 0.114, 0.093, 0.027],
    [0.005, 0.179, 0.292, 0.233, 0.148, 0.079, 0.046, 0.018],
    [0.030, 0.269, 0.309, 0.211, 0.100, 0.038, 0.034, 0.009],
    [0.021, 0.269, 0.249, 0.218, 0.135, 0.061, 0.026, 0.019],
    [0.029, 0.184, 0.265, 0.250, 0.180, 0.053, 0.024, 0.015],
    [0.046, 0.459, 0.242, 0.149, 0.093, 0.005, 0.001, 0.005],
];

/// Depth and table in percent by cut, worst first: mean and standard deviation of each.
const PROPORTIONS: [[(f64, f64); 2]; 5] = [
    [(63.85, 3.20), (59.04, 3.50)],
    [(62.11, 2.32), (58.69, 2.77)],
    [(61.80, 1.35), (57.90, 2.11)],
    [(61.25, 1.13), (58.76, 1.49)],
    [(61.70, 0.70), (55.93, 1.21)],
];

/// What each grade adds to the logarithm of the price, worst first.
const CUT_EFFECTS: [f64; 5] = [0.0, 0.0808, 0.1124, 0.1454, 0.1735];
const COLOR_EFFECTS: [f64; 7] = [0.0, 0.0848, 0.1450, 0.2038, 0.2230, 0.2339, 0.2666];
const CLARITY_EFFECTS: [f64; 8] = [0.0, 0.3355, 0.4500, 0.5452, 0.5827, 0.6621, 0.6999, 0.7794];
/// What reaching a magic weight, in carats, adds to the logarithm of the price.
const MAGIC_EFFECTS: [(f64, f64); 7] =
    [(0.5, 0.1802), (0.7, 0.1697), (0.9, 0.1659), (1.0, 0.1054), (1.2, 0.0427), (1.5, 0.1611), (2.0, 0.1638)];
/// The logarithm of the price as a polynomial of the logarithm of the weight, lowest power first.
const WEIGHT_POLYNOMIAL: [f64; 4] = [6.9938, 1.2049, -0.0592, -0.0152];
/// The effect of weight on the value of a step of clarity and of colour, and of one step of either on a step of the other.
const INTERACTIONS: [f64; 3] = [0.0193, 0.0191, 0.0159];
/// The unexplained rest: standard deviation of the logarithm of the price.
const PRICE_NOISE: f64 = 0.115;

/// Prices outside these bounds, in US dollars, do not occur among the real sales.
const PRICE_BOUNDS_USD: (f64, f64) = (300.0, 18_900.0);

/// The first day of sales, if they have days.
const FIRST_DAY: Date = date(2025, 1, 1);
/// Number of these days.
const DAYS: i32 = 365;

/// An endless run of made-up sales.
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    next_row: u64,
    /// By what share prices rise in the year whose days the sales get.
    yearly_change: Option<f64>,
}

/// Ways in which a row of a real file is wrong.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    PriceMissing,
    SizeZero,
    GradeUnknown,
}

impl Generator {
    /// Starts at the first row of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::starting_at(seed, 0)
    }

    /// Starts at row `first_row` (from 0) of `seed`.
    #[must_use]
    pub fn starting_at(seed: u64, first_row: u64) -> Self {
        Self { seed, next_row: first_row, yearly_change: None }
    }

    /// The same sales with a day of 2025 each, whose prices rise by `share` in that year.
    #[must_use]
    pub fn with_yearly_change(self, share: f64) -> Self {
        Self { yearly_change: Some(share), ..self }
    }

    /// Writes `rows` sales as CSV with a header; about `dirty_share` (0 to 1) of them are wrong in one of the ways in which
    /// real files are: price −1, a size of 0, a grade that does not exist.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write_csv(mut self, out: &mut impl Write, rows: u64, dirty_share: f64) -> io::Result<()> {
        let sold_on = if self.yearly_change.is_some() { ",sold_on" } else { "" };
        writeln!(out, "carat,cut,color,clarity,depth,table,price,x,y,z{sold_on}")?;
        for _ in 0..rows {
            let (sale, mut rng) = self.next_sale();
            let flaw = (rng.random::<f64>() < dirty_share).then(|| match rng.random_range(0..3) {
                0 => Flaw::PriceMissing,
                1 => Flaw::SizeZero,
                _ => Flaw::GradeUnknown,
            });
            write_row(out, &sale, flaw)?;
        }
        Ok(())
    }

    /// The next sale, and its random numbers for the rest of the row.
    fn next_sale(&mut self) -> (Sale, ChaCha8Rng) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.next_row);
        self.next_row += 1;
        let mut sale = loop {
            let sale = draw_sale(&mut rng);
            if (PRICE_BOUNDS_USD.0..=PRICE_BOUNDS_USD.1).contains(&sale.price_usd) {
                break sale;
            }
        };
        if let Some(change) = self.yearly_change {
            // random numbers of their own: the stones are the same with and without days
            let day = ChaCha8Rng::seed_from_u64(self.seed ^ self.next_row << 32).random_range(0..DAYS);
            sale.sold_on = FIRST_DAY.checked_add(day.days()).ok();
            sale.price_usd = (sale.price_usd * (1.0 + change).powf(f64::from(day) / f64::from(DAYS))).round();
        }
        (sale, rng)
    }
}

impl Iterator for Generator {
    type Item = Sale;

    fn next(&mut self) -> Option<Sale> {
        Some(self.next_sale().0)
    }
}

fn write_row(out: &mut impl Write, sale: &Sale, flaw: Option<Flaw>) -> io::Result<()> {
    let stone = &sale.stone;
    let price_usd = if matches!(flaw, Some(Flaw::PriceMissing)) { -1.0 } else { sale.price_usd };
    let x_mm = if matches!(flaw, Some(Flaw::SizeZero)) { 0.0 } else { stone.x_mm };
    let clarity = if matches!(flaw, Some(Flaw::GradeUnknown)) { "SI3" } else { stone.clarity.name() };
    let sold_on = sale.sold_on.map(|day| format!(",{day}")).unwrap_or_default();
    writeln!(
        out,
        "{:.2},{},{},{clarity},{:.1},{:.0},{price_usd:.0},{x_mm:.2},{:.2},{:.2}{sold_on}",
        stone.weight_carat, stone.cut, stone.color, stone.depth_percent, stone.table_percent, stone.y_mm, stone.z_mm,
    )
}

fn draw_sale(rng: &mut ChaCha8Rng) -> Sale {
    let weight_carat = draw_weight(rng);
    let class = WEIGHT_CLASSES.iter().position(|upper| weight_carat <= *upper).unwrap_or(WEIGHT_CLASSES.len() - 1);
    let cut = Cut::ALL[draw_index(rng, &CUT_SHARES[class])];
    let color = Color::ALL[draw_index(rng, &COLOR_SHARES[class])];
    let clarity = Clarity::ALL[draw_index(rng, &CLARITY_SHARES[class])];
    let [depth, table] = PROPORTIONS[cut.rank()];
    let depth_percent = round_to(draw_normal(rng, depth.0, depth.1).clamp(52.0, 74.0), 1);
    let table_percent = draw_normal(rng, table.0, table.1).clamp(50.0, 73.0).round();
    // weight = 0.00611·x·y·z with y = roundness·x and z = depth·(x + y)/200, solved for x
    let density = draw_normal(rng, 1.0, 0.018).max(0.9);
    let roundness = draw_normal(rng, 1.0007, 0.0075);
    let x_mm =
        (weight_carat * 200.0 / (density * CARAT_PER_CUBIC_MM * roundness * (1.0 + roundness) * depth_percent)).cbrt();
    let y_mm = x_mm * roundness;
    let stone = StoneDescription::of_four_cs(weight_carat, cut, color, clarity).with_dimensions(Dimensions {
        depth_percent,
        table_percent,
        x_mm: round_to(x_mm, 2),
        y_mm: round_to(y_mm, 2),
        z_mm: round_to(depth_percent * (x_mm + y_mm) / 200.0, 2),
    });
    let price_usd = (expected_log_price(&stone) + draw_normal(rng, 0.0, PRICE_NOISE)).exp().round();
    Sale { stone, price_usd, sold_on: None }
}

fn draw_weight(rng: &mut ChaCha8Rng) -> f64 {
    let (low, high, _, magic) = WEIGHT_INTERVALS[draw_index(rng, &WEIGHT_INTERVALS.map(|interval| interval.2))];
    let weight = if magic {
        let excess = Exp::new(1.0 / MEAN_EXCESS_CARAT).map_or(0.0, |law| law.sample(rng));
        if excess < high - low { low + excess } else { low }
    } else {
        low + (high - low) * rng.random::<f64>()
    };
    round_to(weight, 2)
}

/// An index, drawn by weights that need not add up to 1.
fn draw_index(rng: &mut ChaCha8Rng, weights: &[f64]) -> usize {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len() - 1
}

fn draw_normal(rng: &mut ChaCha8Rng, mean: f64, deviation: f64) -> f64 {
    Normal::new(mean, deviation).map_or(mean, |law| law.sample(rng))
}

#[expect(clippy::cast_precision_loss, reason = "ranks are below eight")]
fn expected_log_price(stone: &Stone) -> f64 {
    let log_weight = stone.weight_carat.ln();
    let (color, clarity) = (stone.color.rank(), stone.clarity.rank());
    let weight_effect = WEIGHT_POLYNOMIAL.iter().rev().fold(0.0, |sum, factor| sum * log_weight + factor);
    let magic_effect: f64 =
        MAGIC_EFFECTS.iter().filter(|(from, _)| stone.weight_carat >= *from).map(|(_, effect)| effect).sum();
    let interaction = log_weight * (INTERACTIONS[0] * clarity as f64 + INTERACTIONS[1] * color as f64)
        + INTERACTIONS[2] * (clarity * color) as f64;
    weight_effect
        + magic_effect
        + interaction
        + CUT_EFFECTS[stone.cut.rank()]
        + COLOR_EFFECTS[color]
        + CLARITY_EFFECTS[clarity]
}

fn round_to(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{depth_percent_of, weight_carat_of};

    fn csv(seed: u64, first_row: u64, rows: u64, dirty_share: f64) -> String {
        let mut out = Vec::new();
        Generator::starting_at(seed, first_row).write_csv(&mut out, rows, dirty_share).expect("memory takes all");
        String::from_utf8(out).expect("CSV is text")
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        assert_eq!(csv(42, 0, 500, 0.1), csv(42, 0, 500, 0.1));
        assert_ne!(csv(42, 0, 500, 0.0), csv(43, 0, 500, 0.0));
    }

    #[test]
    fn a_later_start_continues_the_same_rows() {
        let (whole, tail) = (csv(42, 0, 100, 0.2), csv(42, 90, 10, 0.2));
        let last: Vec<&str> = whole.lines().skip(91).collect();
        assert_eq!(last, tail.lines().skip(1).collect::<Vec<_>>());
    }

    #[test]
    fn about_the_asked_share_of_rows_is_dirty() {
        let text = csv(42, 0, 10_000, 0.05);
        let dirty = text.lines().filter(|l| l.contains(",-1,") || l.contains(",0.00,") || l.contains("SI3")).count();
        assert!((400..600).contains(&dirty), "{dirty}");
    }

    #[test]
    fn measurements_agree_with_weight_and_depth() {
        for sale in Generator::new(1).take(2_000) {
            let stone = sale.stone;
            let weight = weight_carat_of(stone.x_mm, stone.y_mm, stone.z_mm);
            assert!((stone.weight_carat / weight - 1.0).abs() < 0.12, "{stone:?}");
            assert!((depth_percent_of(stone.x_mm, stone.y_mm, stone.z_mm) - stone.depth_percent).abs() < 0.5);
        }
    }

    #[test]
    fn weights_crowd_at_the_magic_weights() {
        let weights: Vec<f64> = Generator::new(3).take(20_000).map(|sale| sale.stone.weight_carat).collect();
        let between = |low: f64, high: f64| weights.iter().filter(|w| (low..high).contains(*w)).count();
        for magic in [0.30, 0.50, 0.70, 1.00, 1.50, 2.00] {
            assert!(between(magic, magic + 0.05) > 4 * between(magic - 0.05, magic), "{magic}");
        }
    }

    #[test]
    fn better_grades_and_more_weight_cost_more_on_average() {
        let sales: Vec<Sale> = Generator::new(5).take(20_000).collect();
        let mean = |keep: &dyn Fn(&Stone) -> bool| {
            let logs: Vec<f64> = sales.iter().filter(|s| keep(&s.stone)).map(|s| s.price_usd.ln()).collect();
            #[expect(clippy::cast_precision_loss, reason = "a count")]
            let count = logs.len() as f64;
            logs.iter().sum::<f64>() / count
        };
        let about_half = |stone: &Stone| (0.5..0.6).contains(&stone.weight_carat);
        assert!(mean(&|s| about_half(s) && s.color == Color::D) > mean(&|s| about_half(s) && s.color == Color::J));
        assert!(
            mean(&|s| about_half(s) && s.clarity == Clarity::IF)
                > mean(&|s| about_half(s) && s.clarity == Clarity::SI2)
        );
        assert!(mean(&|s| (1.0..1.1).contains(&s.weight_carat)) > mean(&about_half));
    }
}
