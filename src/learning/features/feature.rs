//! One numeric feature of a stone.

use ndarray::Array2;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diamond::{Clarity, Color, Cut, Grade, Stone};

/// A column of the data that a model is fitted to. Its name is stored with the model, and is enough to compute it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Weight in carats.
    Carat,
    /// Total depth in percent.
    Depth,
    /// Width of the table in percent.
    Table,
    /// Length in millimetres.
    X,
    /// Width in millimetres.
    Y,
    /// Height in millimetres.
    Z,
    /// Place of the cut on its scale, 0 for the worst.
    CutRank,
    /// Place of the colour on its scale, 0 for the worst.
    ColorRank,
    /// Place of the clarity on its scale, 0 for the worst.
    ClarityRank,
    /// Weight by bounding box: carat / (x·y·z), in ct/mm³. About 0.0061 for a round brilliant.
    Density,
    /// Length by width: x / y.
    LengthToWidth,
    /// Apparent size by weight: √(x·y) / ∛carat, in mm. About 6.5 for a round brilliant.
    Spread,
    /// 1 for stones of this cut, 0 for others.
    CutIs(Cut),
    /// 1 for stones of this colour, 0 for others.
    ColorIs(Color),
    /// 1 for stones of this clarity, 0 for others.
    ClarityIs(Clarity),
}

/// The columns that have no parameter.
const PLAIN: [Feature; 12] = [
    Feature::Carat,
    Feature::CutRank,
    Feature::ColorRank,
    Feature::ClarityRank,
    Feature::Depth,
    Feature::Table,
    Feature::X,
    Feature::Y,
    Feature::Z,
    Feature::Density,
    Feature::LengthToWidth,
    Feature::Spread,
];

impl Feature {
    /// The column's name: `carat`, `cut` for the rank of the cut, `cut_Good` for the column of one grade.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::CutIs(grade) => format!("{}_{grade}", Cut::SCALE),
            Self::ColorIs(grade) => format!("{}_{grade}", Color::SCALE),
            Self::ClarityIs(grade) => format!("{}_{grade}", Clarity::SCALE),
            plain => plain.scale_or_name().to_owned(),
        }
    }

    /// Its name for people: the name of the scale if it is about one of its grades, else the column's name.
    #[must_use]
    pub fn scale_or_name(self) -> &'static str {
        match self {
            Self::Carat => "carat",
            Self::Depth => "depth",
            Self::Table => "table",
            Self::X => "x",
            Self::Y => "y",
            Self::Z => "z",
            Self::Density => "density",
            Self::LengthToWidth => "length_to_width",
            Self::Spread => "spread",
            Self::CutRank | Self::CutIs(_) => Cut::SCALE,
            Self::ColorRank | Self::ColorIs(_) => Color::SCALE,
            Self::ClarityRank | Self::ClarityIs(_) => Clarity::SCALE,
        }
    }

    /// The column of that name, as [`Feature::name`] writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(plain) = PLAIN.into_iter().find(|feature| feature.name() == name) {
            return Some(plain);
        }
        let (scale, grade) = name.split_once('_')?;
        match scale {
            "cut" => grade.parse().ok().map(Self::CutIs),
            "color" => grade.parse().ok().map(Self::ColorIs),
            "clarity" => grade.parse().ok().map(Self::ClarityIs),
            _ => None,
        }
    }

    /// The column's value for one stone.
    #[must_use]
    pub fn value(self, stone: &Stone) -> f64 {
        match self {
            Self::Carat => stone.weight_carat,
            Self::Depth => stone.depth_percent,
            Self::Table => stone.table_percent,
            Self::X => stone.x_mm,
            Self::Y => stone.y_mm,
            Self::Z => stone.z_mm,
            Self::Density => stone.weight_carat / (stone.x_mm * stone.y_mm * stone.z_mm),
            Self::LengthToWidth => stone.x_mm / stone.y_mm,
            Self::Spread => (stone.x_mm * stone.y_mm).sqrt() / stone.weight_carat.cbrt(),
            Self::CutRank => number_of_rank(stone.cut),
            Self::ColorRank => number_of_rank(stone.color),
            Self::ClarityRank => number_of_rank(stone.clarity),
            Self::CutIs(grade) => f64::from(stone.cut == grade),
            Self::ColorIs(grade) => f64::from(stone.color == grade),
            Self::ClarityIs(grade) => f64::from(stone.clarity == grade),
        }
    }
}

/// A feature is stored as its name.
impl Serialize for Feature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for Feature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| D::Error::custom(format!("no feature is called {name:?}")))
    }
}

fn number_of_rank(grade: impl Grade) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a scale has eight grades at most")]
    let number = grade.rank() as f64;
    number
}

/// The columns of the four Cs.
pub const FOUR_CS: [Feature; 4] = [Feature::Carat, Feature::CutRank, Feature::ColorRank, Feature::ClarityRank];

/// All nine columns, each scale as one column of ranks.
#[must_use]
pub fn nine_ordinal() -> Vec<Feature> {
    PLAIN[..9].to_vec()
}

/// The nine, and features derived from them.
#[must_use]
pub fn with_derived() -> Vec<Feature> {
    let mut features = nine_ordinal();
    features.extend([Feature::Density, Feature::LengthToWidth, Feature::Spread]);
    features
}

/// The matrix of `features` over `stones`, of shape `(n_stones, n_features)`.
#[must_use]
pub fn encode_f64(features: &[Feature], stones: &[Stone]) -> Array2<f64> {
    Array2::from_shape_fn((stones.len(), features.len()), |(row, column)| features[column].value(&stones[row]))
}

/// The matrix of `features` over `stones` in single precision, row after row: length `n_stones · n_features`.
#[must_use]
pub fn encode_f32<'a>(features: &[Feature], stones: impl IntoIterator<Item = &'a Stone>) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
    stones.into_iter().flat_map(|stone| features.iter().map(move |feature| feature.value(stone) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STONE: Stone = Stone::EXAMPLE;

    #[test]
    fn a_name_leads_back_to_its_feature() {
        let grades = [Feature::CutIs(Cut::VeryGood), Feature::ColorIs(Color::D), Feature::ClarityIs(Clarity::IF)];
        for feature in with_derived().into_iter().chain(grades) {
            assert_eq!(Feature::from_name(&feature.name()), Some(feature));
        }
        assert_eq!(Feature::from_name("cut_Great"), None);
        assert_eq!(Feature::from_name("price"), None);
    }

    #[test]
    fn one_row_is_encoded_like_one_among_many() {
        let features = with_derived();
        let alone = encode_f32(&features, [&STONE]);
        let together = encode_f32(&features, [&Stone { cut: Cut::Ideal, ..STONE }, &STONE]);
        assert_eq!(alone[..], together[features.len()..]);
    }

    #[test]
    fn derived_measures_are_those_worked_out_by_hand() {
        let derived = [Feature::Density, Feature::LengthToWidth, Feature::Spread].map(|feature| feature.value(&STONE));
        for (value, expected) in derived.into_iter().zip([0.006_088_745, 0.993_985, 6.422_61]) {
            assert!((value / expected - 1.0).abs() < 1e-5, "{value}, expected {expected}");
        }
    }

    #[test]
    fn ranks_follow_the_trades_order() {
        assert_eq!(
            encode_f64(&nine_ordinal(), &[STONE]).row(0).to_vec(),
            [1.1, 2.0, 2.0, 1.0, 62.0, 55.0, 6.61, 6.65, 4.11]
        );
    }
}
