//! Price against weight: the similar stones that were sold, and the stone to be priced.

use super::axis::{Axis, Tick};
use crate::pricing::{Quote, SimilarStones};
use crate::text::{decimals, dollars, dollars_to, plain};
use crate::words::say;

/// Height of the drawing in pixels. Widths are in percent, so that text keeps its size on a phone.
pub const HEIGHT: f64 = 280.0;
/// Space for the labels of the weights, and above the highest price, in pixels.
const BOTTOM: f64 = 36.0;
const TOP: f64 = 8.0;
/// Most steps between the labels of an axis.
const TICKS: f64 = 5.0;

/// The layout of the chart; the template only draws.
pub struct PriceChart {
    /// Stones that were sold.
    pub sold: Vec<Place>,
    /// The stone to be priced.
    pub asked: Place,
    /// The upper and the lower end of its range.
    pub range: Option<(f64, f64)>,
    /// Labels of the weights.
    pub carats: Vec<Tick>,
    /// Labels of the prices.
    pub prices: Vec<Tick>,
    /// A description of the chart, for people who cannot see it.
    pub words: String,
}

/// A stone in the drawing.
pub struct Place {
    /// From the left, in percent.
    pub x: f64,
    /// From the top, in pixels.
    pub y: f64,
    /// Its description.
    pub words: String,
}

impl PriceChart {
    /// Computes the positions; `None` if no similar stone was sold.
    pub fn new(carat: f64, quote: &Quote, similar: &SimilarStones) -> Option<Self> {
        let stones: Vec<(f64, f64)> =
            similar.stones.iter().map(|one| (one.sale.stone.weight_carat, one.sale.price_usd)).collect();
        let ends = quote.range_usd.map(|range| (range.high, range.low));
        let (high, low) = ends.unwrap_or((quote.price_usd, quote.price_usd));
        let carats = axis_over(stones.iter().map(|one| one.0).chain([carat]), (0.0, 100.0))?;
        let prices = axis_over(stones.iter().map(|one| one.1).chain([low, high]), (HEIGHT - BOTTOM, TOP))?;
        let least = stones.iter().map(|one| one.1).reduce(f64::min)?;
        let most = stones.iter().map(|one| one.1).reduce(f64::max)?;
        let place = |carat: f64, usd: f64, words: String| Place { x: carats.place(carat), y: prices.place(usd), words };
        Some(Self {
            sold: stones
                .iter()
                .map(|(ct, usd)| place(*ct, *usd, format!("{} ct: {}", plain(*ct), dollars(*usd))))
                .collect(),
            asked: place(carat, quote.price_usd, say!("this stone, {} ct: {}", plain(carat), dollars(quote.price_usd))),
            range: ends.map(|(high, low)| (prices.place(high), prices.place(low))),
            carats: carats.ticks(|value, places| format!("{} ct", decimals(value, places))),
            prices: prices.ticks(dollars_to),
            words: say!(
                "Price against weight. {} stones of the same cut, colour and clarity fetched {} to {}; this one is priced at {}.",
                stones.len(),
                dollars(least),
                dollars(most),
                dollars(quote.price_usd)
            ),
        })
    }
}

/// An axis with room around all of `values`; `None` if there are none.
fn axis_over(values: impl Iterator<Item = f64>, ends: (f64, f64)) -> Option<Axis> {
    let (least, most) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    if !(least.is_finite() && most.is_finite()) {
        return None;
    }
    let air = ((most - least) * 0.06).max(most.abs() * 0.01).max(1e-6);
    Some(Axis::between((least - air).max(0.0), most + air, TICKS, 0.0, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_are_inside_the_axis() {
        let axis = axis_over([0.93, 1.31].into_iter(), (100.0, 600.0)).expect("an axis");
        assert!(axis.place(0.93) > 100.0 && axis.place(1.31) < 600.0);
        let same = axis_over([5.0, 5.0].into_iter(), (0.0, 10.0)).expect("an axis");
        assert!((same.place(5.0) - 5.0).abs() < 0.2);
        assert!(axis_over(std::iter::empty(), (0.0, 1.0)).is_none());
    }
}
