//! An axis of a chart: converts values to positions, and chooses the round values that get labels.

/// Differences of less than this share of a step are rounding errors: 4 steps of 0.1 hold 0.4.
const TOLERANCE: f64 = 1e-6;

/// More labels than any chart has room for.
const MAX_TICKS: u32 = 100;

/// A label beside an axis.
#[derive(Debug)]
pub struct Tick {
    /// Where it is, in the unit of the axis: percent of the width, or pixels from the top.
    pub at: f64,
    /// Its text.
    pub label: String,
}

/// The values from `low` to `high` along one side of a chart, with labels at the multiples of `step`.
#[derive(Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    step: f64,
    /// The positions of `low` and `high`.
    ends: (f64, f64),
}

impl Axis {
    /// From 0 to the first multiple of the step that is not below `highest`. The step is the smallest round number that
    /// is at least `least_step` and gives at most `max_steps` steps. `ends` are the positions of both ends.
    pub fn from_zero(highest: f64, max_steps: f64, least_step: f64, ends: (f64, f64)) -> Self {
        if !(highest > 0.0 && highest.is_finite()) {
            return Self { low: 0.0, high: 1.0, step: 1.0, ends };
        }
        let step = round_step((highest / max_steps).max(least_step));
        Self { low: 0.0, high: (highest / step - TOLERANCE).ceil().max(1.0) * step, step, ends }
    }

    /// From one multiple of the step to another, with a quarter of a step of room below `least` and above `most`, in about
    /// `steps` steps. If there is one value only, it lies in the middle.
    pub fn around(least: f64, most: f64, steps: f64, ends: (f64, f64)) -> Self {
        let spread = if most > least { most - least } else { (least.abs() * 0.1).max(1e-3) };
        let step = round_step(spread / steps);
        Self { low: (least / step - 0.25).floor() * step, high: (most / step + 0.25).ceil() * step, step, ends }
    }

    /// From `low` to `high` exactly, in at most `max_steps` steps of at least `least_step`.
    pub fn between(low: f64, high: f64, max_steps: f64, least_step: f64, ends: (f64, f64)) -> Self {
        Self { low, high, step: round_step(((high - low) / max_steps).max(least_step)), ends }
    }

    /// How far along the axis `value` is: 0 at its low end, 1 at its high end.
    pub fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// The position of `value`, rounded to hundredths: smaller differences cannot be seen.
    pub fn place(&self, value: f64) -> f64 {
        let (from, to) = self.ends;
        hundredths(from + self.share(value) * (to - from))
    }

    /// A label at each multiple of the step. `write` gets the value and the number of decimals that distinguish it from the
    /// next.
    pub fn ticks(&self, write: impl Fn(f64, usize) -> String) -> Vec<Tick> {
        let decimals = self.decimals();
        let first = (self.low / self.step - TOLERANCE).ceil();
        (0..MAX_TICKS)
            .map(|number| (first + f64::from(number)) * self.step)
            .take_while(|value| *value <= self.high + self.step * TOLERANCE)
            .map(|value| Tick { at: self.place(value), label: write(value, decimals) })
            .collect()
    }

    /// Decimals of the step: 2 for 0.05, 0 for 20.
    fn decimals(&self) -> usize {
        let mut unit = 1.0;
        (0..9)
            .find(|_| {
                let is_enough = self.step >= unit * (1.0 - TOLERANCE);
                unit /= 10.0;
                is_enough
            })
            .unwrap_or(9)
    }
}

/// The values between two positive ones along one side of a chart, by their logarithm: equal ratios are equally far apart.
#[derive(Debug)]
pub struct LogAxis {
    /// Logarithms of both ends.
    low: f64,
    high: f64,
    /// The positions of both ends.
    ends: (f64, f64),
}

impl LogAxis {
    /// Fewest labels that 1, 2 and 5 times the powers of ten must give; otherwise every digit may have one.
    const FEWEST_TICKS: usize = 3;
    /// Room at both ends, as a share of the axis.
    const AIR: f64 = 0.02;

    /// An axis with a little room around both values; `None` if they are no positive numbers.
    pub fn over([least, most]: [f64; 2], ends: (f64, f64)) -> Option<Self> {
        if !(least > 0.0 && least <= most && most.is_finite()) {
            return None;
        }
        let (low, high) = (least.ln(), most.ln());
        let air = ((high - low) * Self::AIR).max(0.01);
        Some(Self { low: low - air, high: high + air, ends })
    }

    /// The position of `value`, rounded to hundredths.
    pub fn place(&self, value: f64) -> f64 {
        let (from, to) = self.ends;
        hundredths(from + (value.ln() - self.low) / (self.high - self.low) * (to - from))
    }

    /// A label at each round value; those that would be nearer to another than `least_gap`, in the unit of positions, are left out.
    pub fn ticks(&self, least_gap: f64, write: impl Fn(f64) -> String) -> Vec<Tick> {
        let few = self.round_values(&[1.0, 2.0, 5.0]);
        let values = if few.len() >= Self::FEWEST_TICKS {
            few
        } else {
            self.round_values(&[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
        };
        let mut ticks: Vec<Tick> = Vec::new();
        for value in values {
            let at = self.place(value);
            if ticks.last().is_none_or(|last| (at - last.at).abs() >= least_gap) {
                ticks.push(Tick { at, label: write(value) });
            }
        }
        ticks
    }

    /// The products of `digits` and powers of ten on the axis.
    fn round_values(&self, digits: &[f64]) -> Vec<f64> {
        let lowest = (self.low / std::f64::consts::LN_10).floor();
        let powers = (0..MAX_TICKS).map(|number| lowest + f64::from(number));
        let powers = powers.take_while(|power| power * std::f64::consts::LN_10 <= self.high);
        // divided, so that 0.3 is the number nearest to it
        let product = |digit: f64, power: f64| {
            if power < 0.0 { digit / 10_f64.powf(-power) } else { digit * 10_f64.powf(power) }
        };
        let values = powers.flat_map(|power| digits.iter().map(move |digit| product(*digit, power)));
        values.filter(|value| (self.low..=self.high).contains(&value.ln())).collect()
    }
}

/// Rounds a position or a percentage of the plot to hundredths.
pub fn hundredths(place: f64) -> f64 {
    (place * 100.0).round() / 100.0
}

/// The length of a bar: `part` in percent of `most`, which is not zero, rounded to hundredths.
pub fn percent_of(part: f64, most: f64) -> f64 {
    hundredths(100.0 * part / most)
}

/// The smallest number that is 1, 2 or 5 times a power of ten and not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|round| *round >= step * (1.0 - TOLERANCE))
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::short_number;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks(short_number).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn from_zero_it_goes_up_in_round_steps() {
        let labels = |highest: f64, least_step: f64| labels(&Axis::from_zero(highest, 4.0, least_step, (0.0, 100.0)));
        assert_eq!(labels(0.0, 1.0), ["0", "1"]);
        assert_eq!(labels(1.0, 1.0), ["0", "1"]);
        assert_eq!(labels(4.0, 1.0), ["0", "1", "2", "3", "4"]);
        assert_eq!(labels(88.0, 1.0), ["0", "50", "100"]);
        assert_eq!(labels(70_000.0, 1.0), ["0", "20k", "40k", "60k", "80k"]);
        assert_eq!(labels(0.7, 0.0), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(labels(0.002, 0.0), ["0.0000", "0.0005", "0.0010", "0.0015", "0.0020"]);
    }

    #[test]
    fn around_values_there_is_room() {
        let axis = Axis::around(300.0, 500.0, 4.0, (150.0, 0.0));
        assert_eq!(labels(&axis), ["250", "300", "350", "400", "450", "500", "550"]);
        assert_eq!([250.0, 400.0, 550.0].map(|value| axis.place(value).to_string()), ["150", "75", "0"]);
        let alone = Axis::around(5.0, 5.0, 4.0, (0.0, 1.0));
        assert_eq!(alone.place(5.0).to_string(), "0.5");
    }

    #[test]
    fn by_the_logarithm_equal_ratios_are_equally_far_apart() {
        let axis = LogAxis::over([0.2, 5.0], (0.0, 100.0)).expect("an axis");
        let labels: Vec<String> =
            axis.ticks(0.0, |value| value.to_string()).into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["0.2", "0.5", "1", "2", "5"]);
        let gaps = [(0.2, 0.4), (1.0, 2.0)].map(|(low, high)| axis.place(high) - axis.place(low));
        assert!((gaps[0] - gaps[1]).abs() < 0.03, "{gaps:?}");
        let narrow = LogAxis::over([1.0, 1.6], (0.0, 100.0)).expect("an axis");
        assert_eq!(narrow.ticks(0.0, |value| value.to_string()).len(), 3);
        assert_eq!(narrow.ticks(40.0, |value| value.to_string()).len(), 2);
        assert!(LogAxis::over([0.0, 1.0], (0.0, 1.0)).is_none());
        assert!((LogAxis::over([3.0, 3.0], (0.0, 1.0)).expect("an axis").place(3.0) - 0.5).abs() < 0.01);
    }

    #[test]
    fn between_two_values_labels_stand_at_the_round_ones() {
        let axis = Axis::between(0.93, 1.31, 5.0, 0.0, (100.0, 600.0));
        assert_eq!(labels(&axis), ["1.0", "1.1", "1.2", "1.3"]);
        assert_eq!([0.93, 1.31].map(|value| axis.place(value).to_string()), ["100", "600"]);
        assert_eq!(labels(&Axis::between(0.5, 3.5, 8.0, 1.0, (0.0, 100.0))), ["1", "2", "3"]);
    }
}
