//! A stone with all its measurements, and a sale: a stone and the price it fetched.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Clarity, Color, Cut, FieldValues, Grade};
use crate::words::marked;

/// Weight of a round brilliant per cubic millimetre of its bounding box, in carats.
///
/// The trade's estimate for a brilliant cut: weight ≈ 0.00611 · x · y · z.
pub const CARAT_PER_CUBIC_MM: f64 = 0.006_11;
/// How far the weight may differ from the weight that the measurements imply before there is a warning, as a share.
pub const WEIGHT_TOLERANCE: f64 = 0.1;
/// The same where only the sides or only the height are told.
const TOLERANCE_OF_FEW_MEASURES: f64 = 0.35;
/// How far the depth may differ from the depth that the measurements imply before there is a warning, in percentage points.
pub const DEPTH_TOLERANCE_PERCENT: f64 = 1.0;

/// How much of a stone was told, besides the four Cs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Every measure.
    #[default]
    Whole,
    /// Some measures.
    Partly,
    /// None.
    FourCs,
}

/// A stone. Its four Cs are known; a measure that was not told is no number (`NaN`), and absent where the stone is written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stone {
    /// Weight in carats; 1 ct = 200 mg.
    #[serde(rename = "carat")]
    pub weight_carat: f64,
    /// Quality of the cut.
    pub cut: Cut,
    /// Grade of colour.
    pub color: Color,
    /// Grade of clarity.
    pub clarity: Clarity,
    /// Total depth, 200·z / (x + y), in percent.
    #[serde(rename = "depth", default = "not_told", skip_serializing_if = "is_not_told")]
    #[schema(required = false)]
    pub depth_percent: f64,
    /// Width of the table facet against the widest point, in percent.
    #[serde(rename = "table", default = "not_told", skip_serializing_if = "is_not_told")]
    #[schema(required = false)]
    pub table_percent: f64,
    /// Length in millimetres.
    #[serde(rename = "x", default = "not_told", skip_serializing_if = "is_not_told")]
    #[schema(required = false)]
    pub x_mm: f64,
    /// Width in millimetres.
    #[serde(rename = "y", default = "not_told", skip_serializing_if = "is_not_told")]
    #[schema(required = false)]
    pub y_mm: f64,
    /// Height in millimetres.
    #[serde(rename = "z", default = "not_told", skip_serializing_if = "is_not_told")]
    #[schema(required = false)]
    pub z_mm: f64,
}

/// A measure that was not told.
fn not_told() -> f64 {
    f64::NAN
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what writes a stone passes references")]
fn is_not_told(measure: &f64) -> bool {
    measure.is_nan()
}

/// The measurements of a stone, all known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dimensions {
    /// Total depth in percent.
    pub depth_percent: f64,
    /// Width of the table facet in percent.
    pub table_percent: f64,
    /// Length in millimetres.
    pub x_mm: f64,
    /// Width in millimetres.
    pub y_mm: f64,
    /// Height in millimetres.
    pub z_mm: f64,
}

impl Told {
    /// All kinds, with the most told first.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Partly, Self::FourCs];

    /// The name as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partly => "partly",
            Self::FourCs => "four_cs",
        }
    }

    /// The name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => marked("all told"),
            Self::Partly => marked("some measures told"),
            Self::FourCs => marked("four Cs only"),
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|told| told.name() == name)
    }
}

impl Stone {
    /// A stone as it is usually sold, for examples and tests.
    pub const EXAMPLE: Self = Self {
        weight_carat: 1.1,
        cut: Cut::VeryGood,
        color: Color::H,
        clarity: Clarity::SI2,
        depth_percent: 62.0,
        table_percent: 55.0,
        x_mm: 6.61,
        y_mm: 6.65,
        z_mm: 4.11,
    };

    /// The same stone, turned so that its length is not below its width: which side somebody calls the length is a habit, and says
    /// nothing of the stone.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { x_mm: self.x_mm.max(self.y_mm), y_mm: self.x_mm.min(self.y_mm), ..self }
    }

    /// The measures in the order of the fields.
    fn measures(&self) -> [f64; 5] {
        [self.depth_percent, self.table_percent, self.x_mm, self.y_mm, self.z_mm]
    }

    /// How much of it was told.
    pub fn told(&self) -> Told {
        match self.measures().iter().filter(|measure| measure.is_nan()).count() {
            0 => Told::Whole,
            5 => Told::FourCs,
            _ => Told::Partly,
        }
    }

    /// The weight of a brilliant of these measures in carats, if they contradict the weight: then the weight is believed. Where the sides
    /// or the height alone are told, those of a textbook brilliant stand for the others, and only a gross contradiction counts.
    pub fn contradicting_weight_carat(&self) -> Option<f64> {
        let (side_mm, z_mm) = (f64::midpoint(self.x_mm, self.y_mm), self.z_mm);
        let depth = if self.depth_percent.is_nan() { TEXTBOOK_DEPTH_PERCENT } else { self.depth_percent } / 100.0;
        let (measured, tolerance) = match (side_mm.is_nan(), z_mm.is_nan()) {
            (false, false) => (weight_carat_of(self.x_mm, self.y_mm, z_mm), WEIGHT_TOLERANCE),
            (false, true) => (weight_carat_of(self.x_mm, self.y_mm, depth * side_mm), TOLERANCE_OF_FEW_MEASURES),
            (true, _) => (weight_carat_of(z_mm / depth, z_mm / depth, z_mm), TOLERANCE_OF_FEW_MEASURES),
        };
        ((measured / self.weight_carat - 1.0).abs() > tolerance).then_some(measured)
    }

    /// The stone that a question about this one is answered for: turned, with what follows from other measures (one side of a round
    /// stone stands for both; length, width and depth give the height, and length, width and height the depth), and without length,
    /// width and height if they contradict the weight.
    #[must_use]
    pub fn settled(self) -> Self {
        let stone = self.turned().with_height();
        if stone.contradicting_weight_carat().is_some() { stone.without_sizes() } else { stone.with_depth() }
    }

    /// The same stone, with the depth that follows from length, width and height if it was not told.
    #[must_use]
    fn with_depth(self) -> Self {
        let follows = || depth_percent_of(self.x_mm, self.y_mm, self.z_mm);
        Self { depth_percent: if self.depth_percent.is_nan() { follows() } else { self.depth_percent }, ..self }
    }

    /// The same stone, with the height that follows from depth, length and width if it was not told.
    #[must_use]
    pub fn with_height(self) -> Self {
        let z_mm = if self.z_mm.is_nan() { self.depth_percent * (self.x_mm + self.y_mm) / 200.0 } else { self.z_mm };
        Self { z_mm, ..self }
    }

    /// The same stone, of which nothing is told but the four Cs.
    #[must_use]
    pub fn with_four_cs_only(self) -> Self {
        Self { depth_percent: f64::NAN, table_percent: f64::NAN, ..self.without_sizes() }
    }

    /// The same stone, whose length, width and height are not told.
    #[must_use]
    pub fn without_sizes(self) -> Self {
        Self { x_mm: f64::NAN, y_mm: f64::NAN, z_mm: f64::NAN, ..self }
    }

    /// The same stone with measures of textbook proportions where they were not told: for models of earlier versions, which do without
    /// none of them.
    #[must_use]
    pub fn with_usual_measures(self) -> Self {
        Self::from_values(&with_usual_measurements(&self.values())).unwrap_or(self)
    }

    /// Its value of each field, in the order of [`FIELDS`](super::FIELDS); `None` for a measure that was not told.
    pub fn values(&self) -> FieldValues {
        let [depth, table, x, y, z] = self.measures().map(|measure| Some(measure).filter(|measure| !measure.is_nan()));
        [
            Some(self.weight_carat),
            Some(rank(self.cut)),
            Some(rank(self.color)),
            Some(rank(self.clarity)),
            depth,
            table,
            x,
            y,
            z,
        ]
    }

    /// The stone of which these values are known; with the height or the depth that follows from the others. `None` if one of the four
    /// Cs is missing or is no grade of its scale.
    pub fn from_known_values(values: &FieldValues) -> Option<Self> {
        let mut values = *values;
        // the four Cs come first
        values[4..].iter_mut().for_each(|measure| *measure = measure.or(Some(f64::NAN)));
        Some(Self::from_values(&values)?.with_height().with_depth())
    }

    /// The stone of these values; `None` if one is missing or is no grade of its scale.
    fn from_values(values: &FieldValues) -> Option<Self> {
        let [carat, cut, color, clarity, depth, table, x, y, z] = *values;
        Some(Self {
            weight_carat: carat?,
            cut: grade(cut?)?,
            color: grade(color?)?,
            clarity: grade(clarity?)?,
            depth_percent: depth?,
            table_percent: table?,
            x_mm: x?,
            y_mm: y?,
            z_mm: z?,
        })
    }
}

/// The rank of a grade as a field value.
pub(super) fn rank(grade: impl Grade) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a scale has eight grades at most")]
    let rank = grade.rank() as f64;
    rank
}

/// The grade of a field value.
pub(super) fn grade<G: Grade>(value: f64) -> Option<G> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of no rank finds no grade")]
    let rank = value.round() as usize;
    G::from_rank(rank)
}

/// Total depth of a textbook brilliant, in percent.
pub const TEXTBOOK_DEPTH_PERCENT: f64 = 61.8;
/// Its table, in percent.
pub const TEXTBOOK_TABLE_PERCENT: f64 = 57.0;
/// Its length at a weight of one carat, in millimetres.
pub const TEXTBOOK_LENGTH_OF_ONE_CARAT_MM: f64 = 6.43;

/// `values`, of which the four Cs are known, with measurements of textbook proportions where they are unknown: length and width grow
/// with the cube root of the weight, and the height follows from the depth.
fn with_usual_measurements(values: &FieldValues) -> FieldValues {
    let [carat, cut, color, clarity, depth, table, x, y, z] = *values;
    let length = || TEXTBOOK_LENGTH_OF_ONE_CARAT_MM * carat.unwrap_or(1.0).cbrt();
    let x_mm = x.or(y).unwrap_or_else(length);
    let y_mm = y.unwrap_or(x_mm);
    let depth = depth.or(z.map(|z| depth_percent_of(x_mm, y_mm, z))).unwrap_or(TEXTBOOK_DEPTH_PERCENT);
    let z_mm = z.unwrap_or(depth * (x_mm + y_mm) / 200.0);
    [
        carat,
        cut,
        color,
        clarity,
        Some(depth),
        table.or(Some(TEXTBOOK_TABLE_PERCENT)),
        Some(x_mm),
        Some(y_mm),
        Some(z_mm),
    ]
}

/// A stone and the price it fetched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sale {
    /// The stone.
    #[serde(flatten)]
    pub stone: Stone,
    /// Price in US dollars.
    pub price_usd: f64,
    /// The day of the sale, if its file said one and a training asked for it.
    #[serde(skip)]
    pub sold_on: Option<Date>,
}

/// Weight in carats of a brilliant with these measurements (in millimetres).
#[must_use]
pub fn weight_carat_of(x_mm: f64, y_mm: f64, z_mm: f64) -> f64 {
    CARAT_PER_CUBIC_MM * x_mm * y_mm * z_mm
}

/// Total depth in percent of a stone of these measurements (in millimetres): 200·z / (x + y).
#[must_use]
pub fn depth_percent_of(x_mm: f64, y_mm: f64, z_mm: f64) -> f64 {
    200.0 * z_mm / (x_mm + y_mm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stone_survives_the_way_to_values_and_back() {
        assert_eq!(Stone::from_values(&Stone::EXAMPLE.values()), Some(Stone::EXAMPLE));
        let mut gap = Stone::EXAMPLE.values();
        gap[8] = None;
        assert_eq!(Stone::from_values(&gap), None);
        gap[3] = None;
        assert_eq!(Stone::from_known_values(&gap), None);
    }

    #[test]
    fn what_is_not_known_of_a_stone_is_not_made_up_and_not_written() {
        let mut values = Stone::EXAMPLE.values();
        assert_eq!(Stone::from_known_values(&values), Some(Stone::EXAMPLE));
        values[8] = None;
        let without_height = Stone::from_known_values(&values).expect("a stone");
        assert!((without_height.z_mm - 62.0 * (6.61 + 6.65) / 200.0).abs() < 1e-12, "it follows: {without_height:?}");
        values[5..].fill(None);
        let with_depth = Stone::from_known_values(&values).expect("a stone");
        assert_eq!(with_depth.values(), values);
        let written = serde_json::to_string(&with_depth).expect("JSON");
        assert!(written.contains("depth") && !written.contains("\"x\"") && !written.contains("null"), "{written}");
        let read: Stone = serde_json::from_str(&written).expect("a stone");
        assert_eq!(read.values(), values);
    }

    #[test]
    fn unknown_measurements_are_those_of_a_textbook_stone() {
        let mut values = Stone::EXAMPLE.values();
        assert_eq!(with_usual_measurements(&values), values, "what is known stays");
        values[4..].fill(None);
        let stone = Stone::from_values(&with_usual_measurements(&values)).expect("a whole stone");
        let weight = weight_carat_of(stone.x_mm, stone.y_mm, stone.z_mm);
        assert!((weight / stone.weight_carat - 1.0).abs() < 0.02, "{stone:?}");
    }

    #[test]
    fn a_turned_stone_is_longer_than_wide_and_otherwise_the_same() {
        let turned = Stone::EXAMPLE.turned();
        assert_eq!((turned.x_mm, turned.y_mm), (6.65, 6.61));
        assert_eq!(turned.turned(), turned);
        assert_eq!(Stone { x_mm: 6.61, y_mm: 6.65, ..turned }, Stone::EXAMPLE);
    }

    #[test]
    fn what_follows_from_told_measures_is_worked_out_and_what_contradicts_the_weight_is_left_out() {
        let whole = Stone::EXAMPLE.turned();
        assert_eq!(whole.settled(), whole, "nothing to do");
        let without_height = Stone { z_mm: f64::NAN, ..whole }.settled();
        assert!((without_height.z_mm - 62.0 * (6.61 + 6.65) / 200.0).abs() < 1e-12);
        let without_depth = Stone { depth_percent: f64::NAN, ..whole }.settled();
        assert!((without_depth.depth_percent - 200.0 * 4.11 / (6.61 + 6.65)).abs() < 1e-12);
        for one_side in [Stone { x_mm: f64::NAN, ..whole }, Stone { y_mm: f64::NAN, x_mm: whole.y_mm, ..whole }] {
            assert_eq!((one_side.settled().x_mm, one_side.settled().y_mm), (6.61, 6.61), "one side stands for both");
        }
        let heavy = Stone { weight_carat: 2.0, ..whole }.settled();
        assert!(heavy.x_mm.is_nan() && heavy.z_mm.is_nan() && (heavy.depth_percent - 62.0).abs() < 1e-12, "{heavy:?}");
        assert_eq!(
            (whole.told(), heavy.told(), heavy.with_four_cs_only().told()),
            (Told::Whole, Told::Partly, Told::FourCs)
        );
        let only_sizes = Stone { depth_percent: f64::NAN, table_percent: f64::NAN, weight_carat: 2.0, ..whole };
        assert_eq!(only_sizes.settled().told(), Told::FourCs, "a depth from sizes that are not believed is none");
    }

    #[test]
    fn sides_or_a_height_alone_are_believed_unless_they_contradict_the_weight_grossly() {
        let one_carat = Stone { weight_carat: 1.0, ..Stone::EXAMPLE }.with_four_cs_only();
        for (side, z, is_believed) in [
            (6.4, f64::NAN, true),
            (6.9, f64::NAN, true),
            (8.0, f64::NAN, false),
            (f64::NAN, 4.0, true),
            (f64::NAN, 5.0, false),
        ] {
            let told = Stone { x_mm: side, y_mm: side, z_mm: z, ..one_carat }.settled();
            assert_eq!(told.told() == Told::Partly, is_believed, "{side} mm, {z} mm: {told:?}");
        }
    }

    #[test]
    fn depth_is_the_height_over_the_mean_width() {
        assert!((depth_percent_of(6.0, 6.0, 3.0) - 50.0).abs() < 1e-12);
    }

    #[test]
    fn a_stone_of_ten_by_ten_by_ten_millimetres_weighs_six_carats() {
        assert!((weight_carat_of(10.0, 10.0, 10.0) - 6.11).abs() < 1e-12);
    }
}
