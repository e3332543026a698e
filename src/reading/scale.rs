//! Whether numbers are in the units that they seem to be in: points for carats, centimetres for millimetres, hundreds for dollars.

use super::ReadingError;
use crate::diamond::{CARAT_PER_CUBIC_MM, FieldValues};

/// Sales of which the median is taken.
pub const SAMPLE: usize = 4_096;
/// Weights without measurements that must be there, so that their median says something: a single stone may be that heavy.
const LEAST_WEIGHTS: usize = 3;
/// Prices that must be there, so that others are odd beside their median.
const LEAST_PRICES: usize = 3;
/// How far the median price may be from the usual one before the unit is asked for, in powers of ten. Markets differ by less than this.
const MAX_MEDIAN_DECADES: f64 = 1.5;
/// How far a price may be from the others of its file, in powers of ten; on real sales the furthest is 0.55.
const MAX_PRICE_DECADES: f64 = 0.85;
/// What a weight may be of that of its measurements: beyond, they are not of one stone or not in one unit.
const USUAL_WEIGHT_RATIO: std::ops::Range<f64> = 0.02..50.0;
/// What is further off is no matter of units: the limits of each field refuse it.
const ABSURD_DECADES: f64 = 6.0;
/// A median weight beyond this, without measurements that prove it, is in points.
const MOST_USUAL_CARAT: f64 = 12.0;

/// How far `price` is from the usual one of such a stone, in powers of ten, to tell units apart: the usual one is a line through the
/// logarithm of a few thousand public prices of round stones, by weight and ranks of grades. `None` if one of the four Cs is missing.
fn price_decades(values: &FieldValues, price: f64) -> Option<f64> {
    const LN_OF_ONE_CARAT: f64 = 7.783;
    let [carat, cut, color, clarity, ..] = *values;
    let usual = LN_OF_ONE_CARAT + 1.88 * carat?.ln() + 0.03 * cut? + 0.08 * color? + 0.125 * clarity?;
    Some((price.ln() - usual) / std::f64::consts::LN_10).filter(|decades| decades.is_finite())
}

/// The weight of a stone against that of its measurements.
fn weight_ratio(values: &FieldValues) -> Option<f64> {
    let [carat, .., x, y, z] = *values;
    Some(carat? / (CARAT_PER_CUBIC_MM * x? * y? * z?))
}

fn weight_decades(values: &FieldValues) -> Option<f64> {
    weight_ratio(values).map(f64::log10).filter(|decades| decades.is_finite())
}

/// The median of `values`; `None` if there are none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// How far the prices of `sales` are from the usual ones, in powers of ten: their market. `None` if there are too few.
#[must_use]
pub fn price_level(sales: &[(FieldValues, Option<f64>)]) -> Option<f64> {
    let decades = all_price_decades(sales);
    if decades.len() < LEAST_PRICES { None } else { median(decades) }
}

fn all_price_decades(sales: &[(FieldValues, Option<f64>)]) -> Vec<f64> {
    sales.iter().filter_map(|(values, price)| price_decades(values, (*price)?)).collect()
}

/// Depth and table of stones that are sold, in percent.
pub(super) const USUAL_PERCENT: std::ops::Range<f64> = 40.0..85.0;

/// Whether the median depth and table of a sample are such as stones have, in percent; what is not there counts as usual.
#[must_use]
pub fn has_usual_proportions(sample: &[(FieldValues, Option<f64>)]) -> bool {
    [4, 5].into_iter().all(|place| {
        let middle = median(sample.iter().filter_map(|(values, _)| values[place]).collect());
        middle.is_none_or(|middle| USUAL_PERCENT.contains(&middle))
    })
}

/// What a sample of a file says of the scale of its prices.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scale {
    /// The prices of the file, or else of earlier sales, against the usual ones, in powers of ten; `None` if there are too few.
    price_level: Option<f64>,
}

impl Scale {
    /// Looks at a sample of the sales of a file: the values of each stone, and its price if there is one. `earlier` is the
    /// [`price_level`] of sales that are known already.
    ///
    /// # Errors
    /// If most are off by a power of ten, in a sentence.
    pub fn of(sample: &[(FieldValues, Option<f64>)], earlier: Option<f64>) -> Result<Self, ReadingError> {
        let weights = median(sample.iter().filter_map(|(values, _)| weight_decades(values)).collect());
        let heavy: Vec<f64> = sample.iter().filter_map(|(values, _)| values[0]).collect();
        let heavy = Some(heavy).filter(|weights| weights.len() >= LEAST_WEIGHTS).and_then(median);
        match weights {
            Some(decades) if (decades - 3.0).abs() < 0.5 => {
                return Err(ReadingError::new(
                    "length, width and height look as if they were in centimetres: for their weights they are 10 times too small. \
                     Write them in millimetres, or give --unit size=cm",
                ));
            }
            Some(decades) if (decades - 2.0).abs() < 0.5 => return Err(points()),
            None if heavy.is_some_and(|carat| carat > MOST_USUAL_CARAT) => return Err(points()),
            Some(_) | None => {}
        }
        let prices = all_price_decades(sample);
        let are_telling = prices.len() >= LEAST_PRICES;
        let level = median(prices);
        let from_earlier = level.map(|decades| decades - earlier.unwrap_or_default());
        if let Some(decades) = from_earlier.filter(|decades| decades.abs() > MAX_MEDIAN_DECADES) {
            let (times, direction) = (10_f64.powf(decades.abs().round()), if decades < 0.0 { "low" } else { "high" });
            let unit = match decades.round() {
                -2.0 => "hundreds of dollars? Then give --unit price=hundreds",
                -3.0 => "thousands of dollars? Then give --unit price=thousands",
                2.0 => "cents? Then give --unit price=cents",
                _ => "another currency or unit? Then write them in dollars",
            };
            let beside = if earlier.is_some() {
                "beside those of the sales so far"
            } else {
                "for stones of these weights and grades"
            };
            return Err(ReadingError::new(format!(
                "prices look about {times} times too {direction} {beside}: are they in {unit}; with --accept-odd they go in as they are"
            )));
        }
        Ok(Self { price_level: level.filter(|_| are_telling).or(earlier) })
    }

    /// What is odd about a sale beside the others of its file: the column, and a sentence; `None` if nothing is.
    #[must_use]
    pub fn oddity(&self, values: &FieldValues, price: Option<f64>) -> Option<(&'static str, String)> {
        // the logarithm is needed for few
        let is_off = weight_ratio(values).is_some_and(|ratio| !USUAL_WEIGHT_RATIO.contains(&ratio));
        if is_off && let Some(decades) = weight_decades(values).filter(|decades| decades.abs() < ABSURD_DECADES) {
            let times = 10_f64.powf(decades.abs().round());
            return Some((
                "carat",
                format!("carat is about {times} times off what its measurements weigh (--accept-odd takes it)"),
            ));
        }
        let others = self.price_level?;
        let decades = price_decades(values, price?)? - others;
        (MAX_PRICE_DECADES..ABSURD_DECADES).contains(&decades.abs()).then(|| {
            let times = 10_f64.powf(decades.abs().round());
            let direction = if decades < 0.0 { "low" } else { "high" };
            ("price", format!("price is about {times} times too {direction} beside the others (--accept-odd takes it)"))
        })
    }
}

fn points() -> ReadingError {
    ReadingError::new(
        "weights look as if they were in points, of which a carat has 100: write carats, or give --unit carat=points",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Sale;
    use crate::generator::Generator;

    fn sample(change: impl Fn(&mut FieldValues, &mut f64)) -> Vec<(FieldValues, Option<f64>)> {
        let values = |sale: &Sale| {
            let (mut values, mut price) = (sale.stone.values(), sale.price_usd);
            change(&mut values, &mut price);
            (values, Some(price))
        };
        Generator::new(3).take(500).collect::<Vec<_>>().iter().map(values).collect()
    }

    #[test]
    fn units_are_told_by_what_stones_weigh_and_cost() {
        assert!(Scale::of(&sample(|_, _| {}), None).is_ok());
        for (words, rows) in [
            (
                "centimetres",
                sample(|values, _| (6..9).for_each(|place| values[place] = values[place].map(|mm| mm / 10.0))),
            ),
            ("points", sample(|values, _| values[0] = values[0].map(|carat| carat * 100.0))),
            ("hundreds of dollars", sample(|_, price| *price /= 100.0)),
            ("thousands of dollars", sample(|_, price| *price /= 1_000.0)),
            ("cents", sample(|_, price| *price *= 100.0)),
        ] {
            let error = Scale::of(&rows, None).expect_err(words);
            assert!(error.to_string().contains(words), "{error}");
        }
        let without_sizes = sample(|values, _| {
            values[0] = values[0].map(|carat| carat * 100.0);
            values[4..].fill(None);
        });
        assert!(Scale::of(&without_sizes, None).expect_err("points").to_string().contains("points"));
    }

    #[test]
    fn a_single_sale_and_a_market_of_its_own_are_judged_by_the_sales_so_far() {
        let hundreds = sample(|_, price| *price /= 100.0);
        assert!(Scale::of(&hundreds[..1], None).is_err_and(|error| error.to_string().contains("hundreds")));
        // a market in which stones cost a twentieth
        let cheap = sample(|_, price| *price /= 20.0);
        let level = price_level(&cheap);
        assert!(Scale::of(&cheap, level).is_ok());
        assert!(Scale::of(&cheap[..1], level).is_ok());
        let usual = sample(|_, price| *price *= 5.0);
        let error = Scale::of(&usual[..2], level).expect_err("a hundred times too high");
        assert!(error.to_string().contains("beside those of the sales so far"), "{error}");
    }

    #[test]
    fn a_sale_that_is_off_by_a_power_of_ten_is_odd_and_no_real_one_is() {
        let rows = sample(|_, _| {});
        let scale = Scale::of(&rows, None).expect("dollars");
        assert!(rows.iter().all(|(values, price)| scale.oddity(values, *price).is_none()));
        let (values, price) = rows[7];
        let oddity = scale.oddity(&values, price.map(|price| price / 100.0)).expect("odd");
        assert!(oddity.0 == "price" && oddity.1.contains("100 times too low"), "{oddity:?}");
    }
}
