//! Price against weight: the similar stones that were sold, and the one asked about.

use crate::pricing::{Quote, SimilarStones};
use crate::text::dollars;

/// Height of the drawing in pixels. Across it is measured in percent, so that its text keeps its size on a phone.
pub const HEIGHT: f64 = 280.0;
/// Room for the labels of the weights, and above the highest price.
const BOTTOM: f64 = 36.0;
const TOP: f64 = 8.0;
/// Labels of an axis, about.
const TICKS: f64 = 5.0;

/// The chart, laid out: the template only draws.
pub struct PriceChart {
    /// Stones that were sold.
    pub sold: Vec<Place>,
    /// The stone asked about.
    pub asked: Place,
    /// Where its range ends, from the upper end down.
    pub range: Option<(f64, f64)>,
    /// Labels of the weights.
    pub carats: Vec<Tick>,
    /// Labels of the prices.
    pub prices: Vec<Tick>,
    /// What the chart shows, for who cannot see it.
    pub words: String,
}

/// A stone in the drawing.
pub struct Place {
    /// From the left, in percent.
    pub x: f64,
    /// From the top, in pixels.
    pub y: f64,
    /// What it is, in words.
    pub words: String,
}

/// A label of an axis.
pub struct Tick {
    /// Where it is along the axis.
    pub at: f64,
    /// What it says.
    pub text: String,
}

impl PriceChart {
    /// Lays the chart out; `None` if no similar stone was sold.
    pub fn new(carat: f64, quote: &Quote, similar: &SimilarStones) -> Option<Self> {
        let stones: Vec<(f64, f64)> =
            similar.stones.iter().map(|one| (one.sale.stone.weight_carat, one.sale.price_usd)).collect();
        let ends = quote.range_usd.map(|range| (range.high, range.low));
        let (high, low) = ends.unwrap_or((quote.price_usd, quote.price_usd));
        let carats = Axis::over(stones.iter().map(|one| one.0).chain([carat]), 0.0, 100.0)?;
        let prices = Axis::over(stones.iter().map(|one| one.1).chain([low, high]), HEIGHT - BOTTOM, TOP)?;
        let least = stones.iter().map(|one| one.1).reduce(f64::min)?;
        let most = stones.iter().map(|one| one.1).reduce(f64::max)?;
        let place = |carat: f64, usd: f64, words: String| Place { x: carats.at(carat), y: prices.at(usd), words };
        Some(Self {
            sold: stones.iter().map(|(ct, usd)| place(*ct, *usd, format!("{ct} ct: {}", dollars(*usd)))).collect(),
            asked: place(carat, quote.price_usd, format!("this stone, {carat} ct: {}", dollars(quote.price_usd))),
            range: ends.map(|(high, low)| (prices.at(high), prices.at(low))),
            carats: carats.ticks(|value| format!("{value} ct")),
            prices: prices.ticks(dollars),
            words: format!(
                "Price against weight. {} stones of the same cut, colour and clarity fetched {} to {}; this one is priced at {}.",
                stones.len(),
                dollars(least),
                dollars(most),
                dollars(quote.price_usd)
            ),
        })
    }
}

/// From values to places along one side of the drawing.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// One that holds all of `values` with some air.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Self> {
        let (least, most) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        if !(least.is_finite() && most.is_finite()) {
            return None;
        }
        let air = ((most - least) * 0.06).max(most.abs() * 0.01).max(1e-6);
        Some(Self { least: (least - air).max(0.0), most: most + air, from, to })
    }

    /// Where a value is, to a tenth.
    fn at(&self, value: f64) -> f64 {
        let place = self.from + (value - self.least) / (self.most - self.least) * (self.to - self.from);
        (place * 10.0).round() / 10.0
    }

    /// Round values along the axis.
    fn ticks(&self, write: impl Fn(f64) -> String) -> Vec<Tick> {
        let rough = (self.most - self.least) / TICKS;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        #[expect(clippy::cast_possible_truncation, reason = "an axis has a handful of ticks")]
        let (first, last) = ((self.least / step).ceil() as i64, (self.most / step).floor() as i64);
        #[expect(clippy::cast_precision_loss, reason = "an axis has a handful of ticks")]
        let values = (first..=last).map(|number| number as f64 * step);
        // a sum of tenths has no long tail of digits
        values.map(|value| Tick { at: self.at(value), text: write((value * 1e6).round() / 1e6) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_its_values_and_has_round_ticks() {
        let axis = Axis::over([0.93, 1.31].into_iter(), 100.0, 600.0).expect("an axis");
        assert!(axis.at(0.93) > 100.0 && axis.at(1.31) < 600.0);
        let texts: Vec<String> = axis.ticks(|value| value.to_string()).into_iter().map(|tick| tick.text).collect();
        assert_eq!(texts, ["1", "1.1", "1.2", "1.3"]);
        let same = Axis::over([5.0, 5.0].into_iter(), 0.0, 10.0).expect("an axis");
        assert!((same.at(5.0) - 5.0).abs() < 0.2);
        assert!(Axis::over(std::iter::empty(), 0.0, 1.0).is_none());
    }
}
