//! The properties of a stone: one list, from which all readers, checks, forms and documents follow.
//!
//! A new field is one entry in [`FIELDS`], one member of [`Stone`](super::Stone) and of
//! [`Measurements`](super::Measurements) (or a grading scale in `grade.rs`), and its place in their `values`.

use super::grade::{Clarity, Color, Cut, Grade, GradeInfo};

/// The number of fields.
pub const FIELD_COUNT: usize = 9;

/// A value for each of [`FIELDS`], in that order; `None` if it is unknown. A grade is its rank, 0 for the worst.
pub type FieldValues = [Option<f64>; FIELD_COUNT];

/// One property of a stone.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON, in files, in query strings and on the command line.
    pub name: &'static str,
    /// Its column in the tables of the database.
    pub column: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Other names in use, in lower case.
    pub synonyms: &'static [&'static str],
    /// Its meaning, in a sentence.
    pub description: &'static str,
    /// Whether a stone cannot be priced without it.
    pub required: bool,
    /// The kind of its values.
    pub kind: FieldKind,
}

/// The kind of a field's values.
#[derive(Debug)]
pub enum FieldKind {
    /// A positive number.
    Number {
        /// Unit, as it is written after a number.
        unit: &'static str,
        /// Least and greatest accepted value.
        legal: (f64, f64),
        /// Least and greatest value of stones that are usually traded.
        plausible: (f64, f64),
        /// Usual number of decimal places.
        decimals: usize,
    },
    /// A grade of a scale.
    Grade {
        /// The grades, worst first.
        grades: &'static [GradeInfo],
    },
}

/// Legal weights, in carats: the largest cut diamond weighs 545 ct, the smallest graded ones 0.01 ct.
const LEGAL_CARAT: (f64, f64) = (0.001, 1_000.0);
/// Legal lengths, in millimetres.
const LEGAL_MM: (f64, f64) = (0.01, 200.0);
/// Legal proportions, in percent.
const LEGAL_PERCENT: (f64, f64) = (0.1, 100.0);

/// Every field of a stone: the four Cs first, then the optional ones.
pub static FIELDS: [Field; FIELD_COUNT] = [
    Field {
        name: "carat",
        column: "carat",
        label: "Weight",
        synonyms: &[
            "weight",
            "carats",
            "carat weight",
            "weight ct",
            "weight carat",
            "total weight",
            "ct",
            "cts",
            "ct wt",
            "wt",
            "size",
            "karat",
            "gewicht",
            "peso",
            "poids",
            "carati",
        ],
        description: "Weight in carats: 1 ct is 200 mg.",
        required: true,
        kind: FieldKind::Number { unit: "ct", legal: LEGAL_CARAT, plausible: (0.1, 20.0), decimals: 2 },
    },
    Field {
        name: Cut::SCALE,
        column: "cut",
        label: "Cut",
        synonyms: &["cut grade", "cut quality", "make", "schliff", "taglio", "taille"],
        description: "Quality of the cut. Upper and lower case are the same, here and in the other grades.",
        required: true,
        kind: FieldKind::Grade { grades: Cut::INFO },
    },
    Field {
        name: Color::SCALE,
        column: "color",
        label: "Colour",
        synonyms: &["colour", "col", "color grade", "colour grade", "farbe", "colore", "couleur"],
        description: "Grade of colour, from D, the best, to J.",
        required: true,
        kind: FieldKind::Grade { grades: Color::INFO },
    },
    Field {
        name: Clarity::SCALE,
        column: "clarity",
        label: "Clarity",
        synonyms: &["clarity grade", "purity", "clar", "reinheit", "purezza", "pureté"],
        description: "Grade of clarity, from IF, the best, to I1.",
        required: true,
        kind: FieldKind::Grade { grades: Clarity::INFO },
    },
    Field {
        name: "depth",
        column: "depth_percent",
        label: "Depth",
        synonyms: &[
            "depth %",
            "depth percent",
            "depth pct",
            "depthpct",
            "total depth",
            "total depth %",
            "total depth percent",
        ],
        description: "Total depth: the height as a share of the mean width, in percent: 200 · z / (x + y).",
        required: false,
        kind: FieldKind::Number { unit: "%", legal: LEGAL_PERCENT, plausible: (40.0, 80.0), decimals: 1 },
    },
    Field {
        name: "table",
        column: "table_percent",
        label: "Table",
        synonyms: &["table %", "table percent", "table pct", "tablepct", "table size"],
        description: "Width of the table facet as a share of the whole width, in percent.",
        required: false,
        kind: FieldKind::Number { unit: "%", legal: LEGAL_PERCENT, plausible: (40.0, 80.0), decimals: 0 },
    },
    Field {
        name: "x",
        column: "x_mm",
        label: "Length",
        synonyms: &["length", "length mm", "x mm", "min diameter", "diameter min"],
        description: "Length in millimetres.",
        required: false,
        kind: FieldKind::Number { unit: "mm", legal: LEGAL_MM, plausible: (2.0, 25.0), decimals: 2 },
    },
    Field {
        name: "y",
        column: "y_mm",
        label: "Width",
        synonyms: &["width", "width mm", "y mm", "max diameter", "diameter max"],
        description: "Width in millimetres.",
        required: false,
        kind: FieldKind::Number { unit: "mm", legal: LEGAL_MM, plausible: (2.0, 25.0), decimals: 2 },
    },
    Field {
        name: "z",
        column: "z_mm",
        label: "Height",
        synonyms: &["height", "height mm", "z mm", "depth mm"],
        description: "Height in millimetres.",
        required: false,
        kind: FieldKind::Number { unit: "mm", legal: LEGAL_MM, plausible: (1.0, 15.0), decimals: 2 },
    },
];

impl Field {
    /// The field of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.name == name)
    }

    /// The field that people call so: by its name or another in use, whatever its case.
    pub fn find_by_any_name(name: &str) -> Option<&'static Self> {
        Self::find(name).or_else(|| {
            let plain = name.trim().to_lowercase().replace(['_', '-'], " ");
            FIELDS.iter().find(|field| field.name == plain || field.synonyms.contains(&plain.as_str()))
        })
    }

    /// Its unit; empty for grades.
    pub fn unit(&self) -> &'static str {
        match self.kind {
            FieldKind::Number { unit, .. } => unit,
            FieldKind::Grade { .. } => "",
        }
    }

    /// The grades of its scale, worst first; none if it is a number.
    pub fn grades(&self) -> &'static [GradeInfo] {
        match self.kind {
            FieldKind::Number { .. } => &[],
            FieldKind::Grade { grades } => grades,
        }
    }

    /// Whether its values are numbers.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, FieldKind::Number { .. })
    }

    /// The rank of the grade named `text`, whatever its case and surrounding space.
    pub fn rank_of(&self, text: &str) -> Option<u8> {
        let wanted = text.trim();
        let rank = self.grades().iter().position(|grade| grade.name.eq_ignore_ascii_case(wanted))?;
        u8::try_from(rank).ok()
    }

    /// The name of the grade of that rank; `None` if the field is a number, or has no such grade.
    pub fn grade_name(&self, rank: f64) -> Option<&'static str> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of no rank finds no grade")]
        let rank = rank.round() as usize;
        self.grades().get(rank).map(|grade| grade.name)
    }

    /// A value as it is written, with its unit; for a grade its name.
    pub fn write(&self, value: f64) -> String {
        match self.kind {
            FieldKind::Number { unit, .. } => format!("{value} {unit}"),
            FieldKind::Grade { .. } => self.grade_name(value).unwrap_or_default().to_owned(),
        }
    }

    /// Names of the grades, best first, for error messages.
    pub fn choices(&self) -> String {
        self.grades().iter().rev().map(|grade| grade.name).collect::<Vec<_>>().join(", ")
    }
}

/// The fields whose values are numbers, each with its place in [`FIELDS`].
pub fn number_fields() -> impl Iterator<Item = (usize, &'static Field)> {
    FIELDS.iter().enumerate().filter(|(_, field)| field.is_number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_columns_and_synonyms_are_each_of_one_field() {
        let mut names: Vec<&str> =
            FIELDS.iter().flat_map(|field| [field.name].into_iter().chain(field.synonyms.iter().copied())).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(FIELDS.iter().all(|field| Field::find(field.name).is_some_and(|found| found.column == field.column)));
    }

    #[test]
    fn plausible_values_are_legal() {
        for (_, field) in number_fields() {
            let FieldKind::Number { legal, plausible, .. } = field.kind else { panic!("a number") };
            assert!(legal.0 <= plausible.0 && plausible.0 < plausible.1 && plausible.1 <= legal.1, "{}", field.name);
        }
    }

    #[test]
    fn values_are_written_with_their_unit_and_grades_by_name() {
        let write = |name: &str, value: f64| Field::find(name).expect("a field").write(value);
        assert_eq!([write("carat", 1.1), write("depth", 61.8), write("x", 6.5)], ["1.1 ct", "61.8 %", "6.5 mm"]);
        assert_eq!([write("cut", 4.0), write("clarity", 1.0), write("color", 9.0)], ["Ideal", "SI2", ""]);
    }
}
