//! The three grading scales. Each is ordered from worst to best, as the trade orders it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A grade on one of the three scales.
pub trait Grade: Copy + Eq + fmt::Debug + 'static {
    /// The name of the scale, which is the name of its CSV column: `cut`, `color` or `clarity`.
    const SCALE: &'static str;
    /// Every grade of the scale, worst first.
    const ALL: &'static [Self];
    /// The same as data, worst first.
    const INFO: &'static [GradeInfo];

    /// The grade of that rank; `None` if the scale is shorter.
    fn from_rank(rank: usize) -> Option<Self> {
        Self::ALL.get(rank).copied()
    }

    /// The grade as the trade writes it, such as `Very Good`.
    fn name(self) -> &'static str;

    /// The meaning of the grade, in a few words for people outside the trade.
    fn meaning(self) -> &'static str;

    /// Place on the scale: 0 is the worst grade.
    fn rank(self) -> usize;
}

/// A grade as data, for code that handles all scales alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GradeInfo {
    /// The grade as the trade writes it.
    pub name: &'static str,
    /// Its meaning, in a few words for people outside the trade.
    pub meaning: &'static str,
}

/// Text that is not a grade of the expected scale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {scale} {value:?}: choose one of {choices}")]
pub struct UnknownGrade {
    /// `cut`, `color` or `clarity`.
    pub scale: &'static str,
    /// The text that was given.
    pub value: String,
    /// Every grade of the scale, best first.
    pub choices: String,
}

macro_rules! grading_scale {
    ($(#[$doc:meta])* $scale:ident, $column:literal, { $($variant:ident = $name:literal : $meaning:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $scale {
            $(
                #[doc = $meaning]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Grade for $scale {
            const SCALE: &'static str = $column;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            const INFO: &'static [GradeInfo] = &[$(GradeInfo { name: $name, meaning: $meaning }),+];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }

            fn rank(self) -> usize {
                self as usize
            }
        }

        impl PartialSchema for $scale {
            fn schema() -> RefOr<Schema> {
                let meanings: Vec<String> =
                    Self::ALL.iter().rev().map(|grade| format!("{}: {}", grade.name(), grade.meaning())).collect();
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(Self::ALL.iter().rev().map(|grade| grade.name())))
                    .description(Some(format!("Best first. {}.", meanings.join("; "))))
                    .into()
            }
        }

        impl ToSchema for $scale {}

        impl fmt::Display for $scale {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $scale {
            type Err = UnknownGrade;

            /// Reads a grade whatever its case and surrounding space.
            fn from_str(text: &str) -> Result<Self, UnknownGrade> {
                let wanted = text.trim();
                Self::ALL
                    .iter()
                    .copied()
                    .find(|grade| grade.name().eq_ignore_ascii_case(wanted))
                    .ok_or_else(|| UnknownGrade {
                        scale: Self::SCALE,
                        value: text.to_owned(),
                        choices: Self::ALL.iter().rev().map(|grade| grade.name()).collect::<Vec<_>>().join(", "),
                    })
            }
        }
    };
}

grading_scale! {
    /// How well the stone is cut.
    Cut, "cut", {
        Fair = "Fair": "much light lost",
        Good = "Good": "some light lost",
        VeryGood = "Very Good": "little light lost",
        Premium = "Premium": "almost no light lost",
        Ideal = "Ideal": "the most light returned",
    }
}

grading_scale! {
    /// How colourless the stone is.
    Color, "color", {
        J = "J": "a tint one can see",
        I = "I": "a slight tint",
        H = "H": "nearly colourless",
        G = "G": "nearly colourless, a shade better",
        F = "F": "colourless to the eye",
        E = "E": "colourless but to an expert",
        D = "D": "quite colourless, the best",
    }
}

grading_scale! {
    /// How free of inclusions the stone is.
    Clarity, "clarity", {
        I1 = "I1": "inclusions seen by eye",
        SI2 = "SI2": "inclusions easy to see at 10×",
        SI1 = "SI1": "inclusions seen at 10×",
        VS2 = "VS2": "small inclusions at 10×",
        VS1 = "VS1": "very small inclusions at 10×",
        VVS2 = "VVS2": "hard to find at 10×",
        VVS1 = "VVS1": "very hard to find at 10×",
        IF = "IF": "flawless inside",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_run_from_worst_to_best_as_the_trade_orders_them() {
        let names = |all: Vec<&str>| all.join(" < ");
        assert_eq!(
            names(Cut::ALL.iter().map(|grade| grade.name()).collect()),
            "Fair < Good < Very Good < Premium < Ideal"
        );
        assert_eq!(names(Color::ALL.iter().map(|grade| grade.name()).collect()), "J < I < H < G < F < E < D");
        assert_eq!(
            names(Clarity::ALL.iter().map(|grade| grade.name()).collect()),
            "I1 < SI2 < SI1 < VS2 < VS1 < VVS2 < VVS1 < IF"
        );
        assert_eq!((Cut::Fair.rank(), Cut::Ideal.rank()), (0, 4));
    }

    #[test]
    fn a_grade_is_read_whatever_its_case_and_surrounding_space() {
        assert_eq!(" very good ".parse(), Ok(Cut::VeryGood));
        assert_eq!("vvs2".parse(), Ok(Clarity::VVS2));
        assert_eq!("d".parse(), Ok(Color::D));
    }

    #[test]
    fn an_unknown_grade_is_refused_with_the_choices() {
        let error = "K".parse::<Color>().expect_err("K is no grade here");
        assert_eq!(error.to_string(), "unknown color \"K\": choose one of D, E, F, G, H, I, J");
    }
}
