//! Two numbers of each of many sales, as dots: what was fetched and what a model says, or the errors of two models.

use super::axis::{Axis, LogAxis, Tick};
use crate::text::{dollars, signed_percent};
use crate::words::say;

/// Height of the drawing in pixels. Widths are in percent, so that text keeps its size on a phone.
pub const HEIGHT: f64 = 320.0;
/// Space below, for the labels of the horizontal axis and its name, and above, in pixels.
const BOTTOM: f64 = 52.0;
const TOP: f64 = 10.0;
/// Most dots: more would hide each other.
const MAX_DOTS: usize = 400;
/// Least distance of labels, in percent across and in pixels upwards.
const GAPS: [f64; 2] = [10.0, 20.0];
/// The share of errors that the chart of errors is wide enough for; larger ones lie at its edge.
const SHOWN_SHARE: f64 = 0.98;

/// The layout of the chart; the template only draws.
pub struct Scatter {
    pub title: String,
    pub x_name: String,
    pub y_name: String,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    pub dots: Vec<Dot>,
    /// Ends of the line on which both numbers are the same: x and y of each.
    pub equal: [f64; 4],
    /// Description in words.
    pub words: String,
}

/// One sale.
pub struct Dot {
    pub x: f64,
    pub y: f64,
    /// Whether the second number is the better one.
    pub is_better: bool,
    pub words: String,
}

impl Scatter {
    /// What sales fetched, and what a model says, each in US dollars, both by the logarithm. `None` without sales.
    pub fn of_prices(prices: &[[f64; 2]]) -> Option<Self> {
        let shown = some_of(prices);
        let all = || shown.iter().flatten().copied().filter(|price| *price > 0.0);
        let ends = [all().reduce(f64::min)?, all().reduce(f64::max)?];
        let x = LogAxis::over(ends, (0.0, 100.0))?;
        let y = LogAxis::over(ends, (HEIGHT - BOTTOM, TOP))?;
        let dot = |[fetched, predicted]: &[f64; 2]| Dot {
            x: x.place(*fetched),
            y: y.place(predicted.max(ends[0])),
            is_better: false,
            words: say!("fetched {}, model {}", dollars(*fetched), dollars(*predicted)),
        };
        let within = prices.iter().filter(|[fetched, predicted]| (predicted / fetched - 1.0).abs() <= 0.1).count();
        Some(Self {
            title: say!("Predicted against fetched"),
            x_name: say!("What it fetched"),
            y_name: say!("What the model says"),
            x_ticks: x.ticks(GAPS[0], dollars),
            y_ticks: y.ticks(GAPS[1], dollars),
            dots: shown.iter().map(dot).collect(),
            equal: [x.place(ends[0]), y.place(ends[0]), x.place(ends[1]), y.place(ends[1])],
            words: say!(
                "{} sales held out: {} of them are predicted within 10 %. On the line, both are the same.",
                prices.len(),
                crate::text::percent(share(within, prices.len()), 0)
            ),
        })
    }

    /// The errors of two models, as shares of the price, of shape `(n_sales,)` each, for models of these `names`. `None` without
    /// sales.
    pub fn of_errors(errors: &[Vec<f64>; 2], names: &[String; 2]) -> Option<Self> {
        let pairs: Vec<[f64; 2]> = errors[0].iter().zip(&errors[1]).map(|(first, second)| [*first, *second]).collect();
        let mut sizes: Vec<f64> =
            pairs.iter().flatten().map(|error| error.abs()).filter(|size| size.is_finite()).collect();
        let limit = crate::learning::evaluation::quantile(&mut sizes, SHOWN_SHARE)?.max(0.01);
        let x = Axis::between(-limit, limit, 6.0, 0.0, (0.0, 100.0));
        let y = Axis::between(-limit, limit, 6.0, 0.0, (HEIGHT - BOTTOM, TOP));
        let within = |error: f64| error.clamp(-limit, limit);
        let better = |[first, second]: &[f64; 2]| second.abs() < first.abs();
        let dot = |pair: &[f64; 2]| Dot {
            x: x.place(within(pair[0])),
            y: y.place(within(pair[1])),
            is_better: better(pair),
            words: format!("{} {}, {} {}", names[0], signed_percent(pair[0]), names[1], signed_percent(pair[1])),
        };
        let count = pairs.iter().filter(|pair| better(pair)).count();
        Some(Self {
            title: say!("Errors, sale by sale"),
            x_name: say!("{} is off by", names[0]),
            y_name: say!("{} is off by", names[1]),
            x_ticks: x.ticks(|value, _| signed_percent(value)),
            y_ticks: y.ticks(|value, _| signed_percent(value)),
            dots: some_of(&pairs).iter().map(dot).collect(),
            equal: [0.0, HEIGHT - BOTTOM, 100.0, TOP],
            words: say!(
                "{} is nearer to what was fetched for {} of the sales: the full dots.",
                names[1],
                crate::text::percent(share(count, pairs.len()), 0)
            ),
        })
    }
}

/// As many of `values` as a chart shows, at equal distances.
fn some_of<T: Copy>(values: &[T]) -> Vec<T> {
    values.iter().step_by(values.len().div_ceil(MAX_DOTS).max(1)).copied().collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_of_right_prices_lie_on_the_line_and_many_are_thinned_out() {
        let prices: Vec<[f64; 2]> = (1..=1_000).map(|number| [f64::from(number) * 10.0; 2]).collect();
        let chart = Scatter::of_prices(&prices).expect("a chart");
        assert!(chart.dots.len() <= MAX_DOTS && chart.dots.len() > MAX_DOTS / 2);
        let [x1, y1, x2, y2] = chart.equal;
        for dot in &chart.dots {
            let on_line = y1 + (dot.x - x1) / (x2 - x1) * (y2 - y1);
            assert!((on_line - dot.y).abs() < 0.1, "{} {}", dot.x, dot.y);
        }
        assert!(chart.words.contains("100 % of them"), "{}", chart.words);
        assert!(Scatter::of_prices(&[]).is_none());
    }

    #[test]
    fn the_better_model_of_each_sale_is_marked_and_large_errors_lie_at_the_edge() {
        let errors = [vec![0.1, -0.2, 9.0], vec![0.05, -0.3, 0.0]];
        let chart = Scatter::of_errors(&errors, &["Model 1".to_owned(), "Model 2".to_owned()]).expect("a chart");
        assert_eq!(chart.dots.iter().map(|dot| dot.is_better).collect::<Vec<_>>(), [true, false, true]);
        assert!(chart.words.contains("67 %"), "{}", chart.words);
        assert!(chart.dots.iter().all(|dot| (0.0..=100.0).contains(&dot.x)));
    }
}
