//! A metric of every model by its number, and the champion's metric: the layout of the chart that the template
//! `_history_chart.html` draws.
//!
//! Places are percent of the width, which only the browser knows, and pixels of the height, so that neither text nor marks are
//! stretched.

use super::axis::{Axis, Tick};
use crate::learning::evaluation::Metrics;
use crate::learning::families::FAMILIES;
use crate::store::{ModelRecord, Promotion};
use crate::text::dollars_to;
use crate::words::{marked, say, translate};

/// Height of the area for the marks, in pixels.
const HEIGHT: f64 = 150.0;
/// Approximate number of steps of the vertical axis.
const STEPS: f64 = 4.0;
/// Most numbers of models below the chart.
const MAX_NUMBERS: f64 = 8.0;
/// Shapes of marks, by the place of the family; the style sheet has them too.
const SHAPES: [&str; 6] = ["dot", "square", "triangle", "diamond", "cross", "plus"];

/// The metric that a chart shows.
pub struct Figure {
    /// Its name on the page and in `id`s.
    pub name: &'static str,
    /// Its meaning in words.
    pub meaning: &'static str,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// Reads it from the metrics.
    pub of: fn(&Metrics) -> f64,
    /// Writes it with the given number of decimals.
    pub write: fn(f64, usize) -> String,
    /// Decimals in sentences.
    pub decimals: usize,
}

/// Mean absolute error, and the share of the variance explained.
pub const FIGURES: [Figure; 2] = [
    Figure {
        name: "MAE",
        meaning: marked("mean absolute error in dollars"),
        less_is_better: true,
        of: |metrics| metrics.mae_usd,
        write: dollars_to,
        decimals: 0,
    },
    Figure {
        name: "R²",
        meaning: marked("share of the differences in price that is explained"),
        less_is_better: false,
        of: |metrics| metrics.r2,
        write: crate::text::decimals,
        decimals: 4,
    },
];

/// The layout of a chart.
pub struct HistoryChart {
    /// The number of the chart on the page: its ids end with it.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// A summary in one sentence.
    pub sentence: String,
    /// The champions in turn, in a sentence.
    pub champion_periods: String,
    /// A mark for each model.
    pub marks: Vec<Mark>,
    /// The line of the champion's metric.
    pub line: Vec<LineSegment>,
    /// Levels on the vertical axis.
    pub levels: Vec<Tick>,
    /// Numbers of models on the horizontal axis.
    pub numbers: Vec<Tick>,
}

/// A model on the chart.
pub struct Mark {
    /// Percent from the left.
    pub x: f64,
    /// Pixels from the top.
    pub y: f64,
    /// The shape of its family.
    pub shape: &'static str,
    /// Whether it is the champion now.
    pub champion: bool,
    /// Its description.
    pub words: String,
}

/// A straight piece of the champion's line.
#[derive(Debug, PartialEq)]
pub struct LineSegment {
    /// Where it begins, in percent from the left.
    pub x1: f64,
    /// Where it begins, in pixels from the top.
    pub y1: f64,
    /// Where it ends, in percent from the left.
    pub x2: f64,
    /// Where it ends, in pixels from the top.
    pub y2: f64,
}

/// An entry of the legend.
pub struct LegendEntry {
    /// The shape.
    pub shape: &'static str,
    /// The family.
    pub family: String,
}

/// The families of `models` and their shapes. A family of this program always has the same shape.
#[must_use]
pub fn legend(models: &[ModelRecord]) -> Vec<LegendEntry> {
    let mut entries: Vec<LegendEntry> = Vec::new();
    let known = FAMILIES.iter().map(|family| family.name());
    for (place, name) in known.enumerate() {
        if models.iter().any(|model| model.family == name) {
            entries.push(LegendEntry { shape: SHAPES[place % SHAPES.len()], family: name.to_owned() });
        }
    }
    // families of other program versions come last
    let mut others = 0;
    for model in models.iter().rev() {
        if entries.iter().all(|entry| entry.family != model.family) {
            let shape = SHAPES[(FAMILIES.len() + others) % SHAPES.len()];
            entries.push(LegendEntry { shape, family: model.family.clone() });
            others += 1;
        }
    }
    entries
}

/// The charts of `models` and `promotions`, both newest first; none if there is nothing to show.
#[must_use]
pub fn charts(models: &[ModelRecord], promotions: &[Promotion]) -> Vec<HistoryChart> {
    FIGURES
        .iter()
        .zip(1..)
        .filter_map(|(figure, number)| HistoryChart::new(figure, number, models, promotions))
        .collect()
}

impl HistoryChart {
    /// `None` if no model has such a metric.
    fn new(figure: &Figure, number: usize, models: &[ModelRecord], promotions: &[Promotion]) -> Option<Self> {
        let shown: Vec<(&ModelRecord, f64)> = models
            .iter()
            .rev()
            .map(|model| (model, (figure.of)(&model.metrics)))
            .filter(|(_, value)| value.is_finite())
            .collect();
        let by_value = |a: &&(&ModelRecord, f64), b: &&(&ModelRecord, f64)| a.1.total_cmp(&b.1);
        let (least, most) = (shown.iter().min_by(by_value)?, shown.iter().max_by(by_value)?);
        let across = Across::over(shown.first()?.0.id, shown.last()?.0.id);
        let values = Axis::around(least.1, most.1, STEPS, (HEIGHT, 0.0));
        let legend = legend(models);
        let shape =
            |family: &str| legend.iter().find(|entry| entry.family == family).map_or(SHAPES[0], |entry| entry.shape);
        let write = |value: f64| (figure.write)(value, figure.decimals);
        let marks = shown
            .iter()
            .map(|(model, value)| Mark {
                x: across.axis.place(number_of(model.id)),
                y: values.place(*value),
                shape: shape(&model.family),
                champion: model.champion,
                words: say!("Model {}, {}: {} {}", model.id, model.family, figure.name, write(*value)),
            })
            .collect();
        let champion_periods = champion_periods(models, promotions, &across);
        let value_of = |id: i64| shown.iter().find(|(model, _)| model.id == id).map(|(_, value)| *value);
        Some(Self {
            number,
            title: say!("{} by model, {}", figure.name, translate(figure.meaning)),
            sentence: describe(figure, least, most, shown.iter().find(|(model, _)| model.champion)),
            champion_periods: describe_champion_periods(&champion_periods, |id| value_of(id).map(write)),
            marks,
            line: line(&champion_periods, |id| value_of(id).map(|value| values.place(value)), &across),
            levels: values.ticks(figure.write),
            numbers: across.ticks(),
        })
    }
}

fn describe(
    figure: &Figure,
    least: &(&ModelRecord, f64),
    most: &(&ModelRecord, f64),
    champion: Option<&(&ModelRecord, f64)>,
) -> String {
    let one = |(model, value): &(&ModelRecord, f64)| {
        say!("{} (model {}, {})", (figure.write)(*value, figure.decimals), model.id, model.family)
    };
    let (best, worst) = if figure.less_is_better { (least, most) } else { (most, least) };
    let better = if figure.less_is_better { say!("The less, the better.") } else { say!("The more, the better.") };
    let champion = champion.map(|champion| say!("; the champion has {}", one(champion)));
    say!("From {} to {}{}. {}", one(worst), one(best), champion.unwrap_or_default(), better)
}

fn describe_champion_periods(champion_periods: &[ChampionPeriod], write: impl Fn(i64) -> Option<String>) -> String {
    let list: Vec<String> = champion_periods
        .iter()
        .filter_map(|period| Some(say!("model {} ({})", period.model, write(period.model)?)))
        .collect();
    if list.is_empty() { say!("No model was the champion.") } else { say!("Champions in turn: {}.", list.join(", ")) }
}

/// A period in which a model was the champion, until the next one begins.
#[derive(Debug, PartialEq)]
struct ChampionPeriod {
    model: i64,
    /// Where it begins among the numbers of models: 3.5 is between model 3 and model 4.
    from: f64,
}

/// The periods of the champions on the axis of models: a promotion is placed after the newest model of its time. Several
/// between the same two models are placed at even distances.
fn champion_periods(models: &[ModelRecord], promotions: &[Promotion], across: &Across) -> Vec<ChampionPeriod> {
    let mut last = 0;
    let after: Vec<(i64, i64)> = promotions
        .iter()
        .rev()
        .map(|promotion| {
            let newest = models.iter().find(|model| model.time <= promotion.time).map_or(0, |model| model.id);
            // even if the clock was set back
            last = newest.max(promotion.model).max(last);
            (promotion.model, last)
        })
        .collect();
    let mut champion_periods = Vec::with_capacity(after.len());
    for gap in after.chunk_by(|a, b| a.1 == b.1) {
        let newest = gap[0].1;
        let next = models.iter().rev().find(|model| model.id > newest).map(|model| number_of(model.id));
        let width = next.unwrap_or(across.end) - number_of(newest);
        for ((model, _), place) in gap.iter().zip(0_u32..) {
            let share = f64::from(place) / f64::from(u32::try_from(gap.len()).unwrap_or(u32::MAX));
            champion_periods.push(ChampionPeriod { model: *model, from: number_of(newest) + width * share });
        }
    }
    champion_periods
}

/// The line of the champion's metric: horizontal during a period, vertical between two.
fn line(champion_periods: &[ChampionPeriod], y_of: impl Fn(i64) -> Option<f64>, across: &Across) -> Vec<LineSegment> {
    let mut line = Vec::new();
    let mut before = None;
    for (place, period) in champion_periods.iter().enumerate() {
        let Some(y) = y_of(period.model) else {
            before = None;
            continue;
        };
        let from = across.axis.place(period.from);
        let to = across.axis.place(champion_periods.get(place + 1).map_or(across.end, |next| next.from));
        if let Some(before) = before {
            line.push(LineSegment { x1: from, y1: before, x2: from, y2: y });
        }
        line.push(LineSegment { x1: from, y1: y, x2: to, y2: y });
        before = Some(y);
    }
    line
}

/// The horizontal axis: numbers of models.
struct Across {
    axis: Axis,
    newest: f64,
    /// The right end, past the newest model: the period of today's champion extends to it.
    end: f64,
}

impl Across {
    fn over(oldest: i64, newest: i64) -> Self {
        let (oldest, newest) = (number_of(oldest), number_of(newest));
        let room = ((newest - oldest) * 0.08).max(0.5);
        let end = newest + room;
        Self { axis: Axis::between(oldest - room / 2.0, end, MAX_NUMBERS, 1.0, (0.0, 100.0)), newest, end }
    }

    /// A label for each round number up to the newest model.
    fn ticks(&self) -> Vec<Tick> {
        let mut ticks = self.axis.ticks(|number, _| format!("{number:.0}"));
        let newest = self.axis.place(self.newest);
        ticks.retain(|tick| tick.at <= newest);
        ticks
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of models stay far below 2^52")]
fn number_of(id: i64) -> f64 {
    id as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DatasetSize;
    use jiff::Timestamp;
    use serde_json::Map;

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn model(id: i64, family: &str, mae_usd: f64) -> ModelRecord {
        ModelRecord {
            id,
            family: family.to_owned(),
            champion: id == 3,
            time: time(id * 100),
            metrics: Metrics { r2: 1.0 - mae_usd / 4_000.0, mae_usd, rmse_usd: mae_usd * 2.0, mape: 0.1 },
            dataset: DatasetSize { rows: 100, train: 80, holdout: 20 },
            target: "price".to_owned(),
            features: Vec::new(),
            hyperparameters: Map::new(),
            seed: 0,
            fit_seconds: 1.0,
            trials: 0,
            program_version: "0.1.0".to_owned(),
            pruned: false,
            saw_undone: false,
        }
    }

    fn promotion(model: i64, second: i64) -> Promotion {
        Promotion { model, time: time(second), reason: "by hand".to_owned() }
    }

    /// Three models; 1, 2, 1 and 3 were the champion in turn. Newest first.
    fn history() -> (Vec<ModelRecord>, Vec<Promotion>) {
        let models = vec![model(3, "xgboost", 300.0), model(2, "forest", 350.0), model(1, "linear", 500.0)];
        (models, vec![promotion(3, 300), promotion(1, 260), promotion(2, 220), promotion(1, 120)])
    }

    #[test]
    fn a_period_begins_after_the_newest_model_of_its_time() {
        let (models, promotions) = history();
        let from: Vec<(i64, f64)> = champion_periods(&models, &promotions, &Across::over(1, 3))
            .into_iter()
            .map(|period| (period.model, period.from))
            .collect();
        assert_eq!(from, [(1, 1.0), (2, 2.0), (1, 2.5), (3, 3.0)]);
    }

    #[test]
    fn the_line_is_level_during_a_period_and_upright_between_two() {
        let axis = Axis::between(0.0, 4.0, MAX_NUMBERS, 1.0, (0.0, 100.0));
        let across = Across { axis, newest: 3.0, end: 4.0 };
        let champion_periods = [ChampionPeriod { model: 1, from: 1.0 }, ChampionPeriod { model: 2, from: 3.0 }];
        let stretch = |x1, y1, x2, y2| LineSegment { x1, y1, x2, y2 };
        assert_eq!(
            line(&champion_periods, |id| Some(number_of(id) * 10.0), &across),
            [stretch(25.0, 10.0, 75.0, 10.0), stretch(75.0, 10.0, 75.0, 20.0), stretch(75.0, 20.0, 100.0, 20.0)]
        );
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let (models, promotions) = history();
        let [mae, r2] = &charts(&models, &promotions)[..] else { panic!("two charts") };
        assert_eq!(
            mae.sentence,
            "From $500 (model 1, linear) to $300 (model 3, xgboost); the champion has $300 (model 3, xgboost). The less, the better."
        );
        assert_eq!(
            mae.champion_periods,
            "Champions in turn: model 1 ($500), model 2 ($350), model 1 ($500), model 3 ($300)."
        );
        assert!(r2.sentence.starts_with("From 0.8750 (model 1, linear) to 0.9250"), "{}", r2.sentence);
        let levels: Vec<&str> = mae.levels.iter().map(|level| level.label.as_str()).collect();
        assert_eq!(levels, ["$250", "$300", "$350", "$400", "$450", "$500", "$550"]);
        assert!(mae.marks.iter().all(|mark| (0.0..=HEIGHT).contains(&mark.y) && (0.0..=100.0).contains(&mark.x)));
        let shapes: Vec<&str> = mae.marks.iter().map(|mark| mark.shape).collect();
        assert!(shapes[0] != shapes[1] && shapes[1] != shapes[2] && shapes[0] != shapes[2], "{shapes:?}");
    }

    #[test]
    fn a_family_of_another_version_has_a_shape_of_its_own() {
        let names = FAMILIES.iter().map(|family| family.name()).chain(["forest"]);
        let models: Vec<ModelRecord> = names.zip(1..).map(|(name, id)| model(id, name, 300.0)).collect();
        let mut shapes: Vec<&str> = legend(&models).iter().map(|entry| entry.shape).collect();
        shapes.sort_unstable();
        shapes.dedup();
        assert_eq!(shapes.len(), models.len());
    }

    #[test]
    fn one_model_or_none_makes_no_trouble() {
        assert!(charts(&[], &[]).is_empty());
        let alone = charts(&[model(7, "linear", 500.0)], &[]);
        assert!(alone.iter().all(|chart| chart.line.is_empty() && chart.marks[0].x.is_finite()));
        assert_eq!(alone[0].champion_periods, "No model was the champion.");
        let broken = charts(&[model(8, "linear", f64::NAN)], &[promotion(8, 900)]);
        assert!(broken.is_empty());
    }
}
