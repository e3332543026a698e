//! The level of prices over time: what the same stones fetched more or less on earlier days.
//!
//! Prices drift, and a model that learns old sales as they are prices stones of long ago. The level is that of a hedonic price index
//! (Rosen, "Hedonic prices and implicit markets", 1974): the mean residual of the logarithms of prices over a curve of weight and grades,
//! day by day, smoothed by a local line (Fan and Gijbels, "Local polynomial modelling and its applications", 1996) whose weights
//! halve with every half-life of distance. With it, every sale is brought to the level of the newest day. So a level
//! knows fresh sales best, and no old sale is lost for what it tells of grades.
//!
//! The half-life is chosen by how well the past foretells the last fifth of the sales; prices stay as they are unless a level
//! foretells these better than none by more than luck.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evaluation::{Comparison, quantile};
use super::features::Trend;
use crate::diamond::Sale;
use crate::text::signed_percent;
use crate::words::say;

/// The half-lives to choose from, in days.
const HALF_LIVES_DAYS: [f64; 5] = [14.0, 30.0, 60.0, 120.0, 240.0];
/// Fewest sales of which a level can be told.
const MIN_SALES: usize = 300;
/// Least share of the sales whose day is known.
const MIN_DATED: f64 = 0.9;
/// Fewest days from the oldest to the newest sale.
const MIN_DAYS: usize = 60;
/// Most days: about a century. What lies before the last of them has the level of the first.
const MAX_DAYS: usize = 36_525;
/// Share of the days, the last ones, that half-lives are judged by.
const JUDGED_SHARE: f64 = 0.2;
/// Beyond so many half-lives, sales weigh next to nothing.
const REACH_IN_HALF_LIVES: f64 = 12.0;
/// Days of a year.
const YEAR: f64 = 365.25;

/// The days of sales, and how the level of prices moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SalesPeriod {
    /// The day of the oldest sale.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The day of the newest sale, to whose level prices are brought.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    /// The half-life in days of what a sale tells of the level; absent if prices do not drift by more than luck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life_days: Option<f64>,
    /// How much higher the level is on the newest day than a year before, or than on the oldest day if that is later, as a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_change: Option<f64>,
}

impl SalesPeriod {
    /// The period in words.
    #[must_use]
    pub fn words(&self) -> String {
        let days = say!("sales from {} to {}", self.from, self.until);
        match (self.half_life_days, self.level_change) {
            (Some(half_life), Some(change)) => say!(
                "{}; in the last year of them the level of prices moved by {}: prices are brought to that of the last day (half-life {} days)",
                days,
                signed_percent(change),
                half_life
            ),
            _ => say!("{}; prices do not drift by more than luck", days),
        }
    }
}

/// The level of each day, as the logarithm of its ratio to that of the newest day.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceLevel {
    oldest: Date,
    /// From the oldest day on.
    logs: Vec<f64>,
    /// Of a sale whose day is not known.
    usual_log: f64,
}

impl PriceLevel {
    /// By what the price of a sale of that day is multiplied to bring it to the level of the newest.
    #[must_use]
    pub fn factor(&self, sold_on: Option<Date>) -> f64 {
        let log = sold_on.map_or(self.usual_log, |day| {
            let place = usize::try_from(days_between(self.oldest, day)).unwrap_or(0);
            self.logs[place.min(self.logs.len() - 1)]
        });
        (-log).exp()
    }
}

/// The period of `sales`, and the level of prices in it if it moves by more than luck; nothing if the days of most are not known.
#[must_use]
pub fn price_level(sales: &[Sale]) -> Option<(SalesPeriod, Option<PriceLevel>)> {
    let days: Vec<Date> = sales.iter().filter_map(|sale| sale.sold_on).collect();
    let (from, until) = (*days.iter().min()?, *days.iter().max()?);
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    let dated = days.len() as f64 / sales.len() as f64;
    if dated < MIN_DATED {
        return None;
    }
    let mut period = SalesPeriod { from, until, half_life_days: None, level_change: None };
    let count = usize::try_from(days_between(from, until)).unwrap_or(0) + 1;
    if !(MIN_DAYS..=MAX_DAYS).contains(&count) || sales.len() < MIN_SALES {
        return Some((period, None));
    }
    let Ok(trend) = Trend::fit(sales, |_| 1.0) else { return Some((period, None)) };
    let residuals = sales.iter().filter_map(|sale| {
        let place = usize::try_from(days_between(from, sale.sold_on?)).ok()?;
        Some((place, sale.price_usd.ln() - trend.log_price(&sale.stone)))
    });
    let residuals: Vec<(usize, f64)> = residuals.collect();
    let by_day = ByDay::new(count, &residuals);
    let Some(half_life) = by_day.choose_half_life(&residuals) else { return Some((period, None)) };
    let mut logs: Vec<f64> = (0..count).map(|day| by_day.level(day, half_life, count)).collect();
    let newest = logs[count - 1];
    for log in &mut logs {
        *log -= newest;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days of a year")]
    let year_before = count.saturating_sub(1 + YEAR as usize);
    period.half_life_days = Some(half_life);
    period.level_change = Some((-logs[year_before]).exp_m1());
    let mut of_sales: Vec<f64> = residuals.iter().map(|(day, _)| logs[*day]).collect();
    let usual_log = quantile(&mut of_sales, 0.5).unwrap_or(0.0);
    Some((period, Some(PriceLevel { oldest: from, logs, usual_log })))
}

fn days_between(from: Date, until: Date) -> i32 {
    from.until(until).map_or(0, |span| span.get_days())
}

/// Residuals summed up for each day.
struct ByDay {
    sums: Vec<f64>,
    counts: Vec<f64>,
}

impl ByDay {
    fn new(days: usize, residuals: &[(usize, f64)]) -> Self {
        let mut by_day = Self { sums: vec![0.0; days], counts: vec![0.0; days] };
        for (day, residual) in residuals {
            by_day.sums[*day] += residual;
            by_day.counts[*day] += 1.0;
        }
        by_day
    }

    /// The local line at `day` through the days before `end`; their mean if they bear no line.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days")]
    fn level(&self, day: usize, half_life: f64, end: usize) -> f64 {
        let reach = (half_life * REACH_IN_HALF_LIVES) as usize;
        let [mut weight, mut moment, mut square, mut sum, mut product] = [0.0; 5];
        for other in day.saturating_sub(reach)..end.min(day + reach + 1) {
            let distance = other as f64 - day as f64;
            let of_day = (-std::f64::consts::LN_2 * distance.abs() / half_life).exp();
            let count = of_day * self.counts[other];
            weight += count;
            moment += count * distance;
            square += count * distance * distance;
            sum += of_day * self.sums[other];
            product += of_day * self.sums[other] * distance;
        }
        let determinant = weight * square - moment * moment;
        if weight <= 0.0 {
            0.0
        } else if determinant <= weight * weight * 1e-6 {
            sum / weight
        } else {
            (square * sum - moment * product) / determinant
        }
    }

    /// The half-life whose levels, each known from the days before, are nearest to the `residuals` of the last days; `None` if the mean
    /// of all earlier days is as near, but for luck.
    fn choose_half_life(&self, residuals: &[(usize, f64)]) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "days"
        )]
        let first_judged = (self.counts.len() as f64 * (1.0 - JUDGED_SHARE)) as usize;
        let judged: Vec<(usize, f64)> = residuals.iter().filter(|(day, _)| *day >= first_judged).copied().collect();
        let truth: Vec<f64> = judged.iter().map(|(_, residual)| *residual).collect();
        let known: f64 = self.counts[..first_judged].iter().sum();
        if judged.is_empty() || known < 1.0 {
            return None;
        }
        let foretold = |level: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let by_day: Vec<f64> = (first_judged..self.counts.len()).map(level).collect();
            judged.iter().map(|(day, _)| by_day[day - first_judged]).collect()
        };
        let mean = self.sums[..first_judged].iter().sum::<f64>() / known;
        let without = foretold(&|_| mean);
        let best = HALF_LIVES_DAYS.into_iter().map(|half_life| {
            let predicted = foretold(&|day| self.level(day, half_life, day));
            let error: f64 = truth.iter().zip(&predicted).map(|(truth, predicted)| (truth - predicted).abs()).sum();
            (half_life, error, predicted)
        });
        let (half_life, _, predicted) = best.min_by(|one, other| one.1.total_cmp(&other.1))?;
        // logarithms here instead of dollars
        (Comparison::of(&truth, &predicted, &without).high_usd < 0.0).then_some(half_life)
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;
    use crate::generator::Generator;

    /// Sales of a year, whose level is `level` at each share of it.
    fn sales(count: usize, level: impl Fn(f64) -> f64) -> Vec<Sale> {
        let dated = |(place, sale): (usize, Sale)| {
            let day = i32::try_from(place * 7_919 % 365).expect("a day of a year");
            let sold_on = Some(date(2025, 1, 1).checked_add(day.days()).expect("a day"));
            Sale { price_usd: sale.price_usd * level(f64::from(day) / 365.0), sold_on, ..sale }
        };
        Generator::new(5).take(count).enumerate().map(dated).collect()
    }

    #[test]
    fn a_level_that_rises_is_found_and_sales_are_brought_to_the_newest_day() {
        let sales = sales(4_000, |share| 1.3_f64.powf(share));
        let (period, level) = price_level(&sales).expect("days are known");
        let level = level.expect("it moves");
        assert_eq!((period.from, period.until), (date(2025, 1, 1), date(2025, 12, 31)));
        assert!((period.level_change.expect("a change") - 0.3).abs() < 0.03, "{period:?}");
        for (month, share) in [(1, 0.0), (4, 0.25), (7, 0.5), (10, 0.75)] {
            let expected = 1.3_f64.powf(1.0 - share);
            let found = level.factor(Some(date(2025, month, 1)));
            assert!((found / expected - 1.0).abs() < 0.03, "{month}: {found} instead of {expected}");
        }
        assert!((level.factor(None) / 1.3_f64.sqrt() - 1.0).abs() < 0.03, "in the middle of the year");
    }

    #[test]
    fn a_level_that_jumps_has_a_short_half_life() {
        let half_life = |sales: &[Sale]| price_level(sales).expect("days").0.half_life_days.expect("it moves");
        let jump = half_life(&sales(6_000, |share| if share < 0.85 { 1.0 } else { 1.25 }));
        let rise = half_life(&sales(6_000, |share| 1.3_f64.powf(share)));
        assert!(jump < rise, "{jump} and {rise}");
    }

    #[test]
    fn where_prices_do_not_drift_they_stay_as_they_are() {
        for count in [400, 2_000, 8_000] {
            let (period, level) = price_level(&sales(count, |_| 1.0)).expect("days are known");
            assert_eq!((level, period.half_life_days), (None, None), "{count}");
        }
    }

    #[test]
    fn sales_without_days_have_no_period() {
        let mut sales = sales(500, |share| 1.3_f64.powf(share));
        for sale in sales.iter_mut().step_by(5) {
            sale.sold_on = None;
        }
        assert_eq!(price_level(&sales), None);
        assert_eq!(price_level(&[]), None);
    }
}
