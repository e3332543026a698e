//! Other names of grades, as laboratories, shops and countries write them, and what each stands for here.

use super::field::Field;

/// Another name of a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherName {
    /// The name, as [`plain`] writes it.
    name: &'static str,
    /// The grade that it stands for; `None` if there is no honest counterpart.
    grade: Option<&'static str>,
    /// Why.
    reason: &'static str,
}

/// What a text says of a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradeReading {
    /// The grade of this rank, by its own name.
    Grade(u8),
    /// The grade of this rank, by another name, and why it is that one.
    OtherName(u8, &'static str),
    /// Nothing that the scale has, and why.
    NoCounterpart(&'static str),
    /// Nothing that is known.
    Unknown,
}

impl GradeReading {
    /// The rank of the grade, if it is one.
    #[must_use]
    pub fn rank(self) -> Option<u8> {
        match self {
            Self::Grade(rank) | Self::OtherName(rank, _) => Some(rank),
            Self::NoCounterpart(_) | Self::Unknown => None,
        }
    }
}

const fn is(name: &'static str, grade: &'static str, reason: &'static str) -> OtherName {
    OtherName { name, grade: Some(grade), reason }
}

const fn none(name: &'static str, reason: &'static str) -> OtherName {
    OtherName { name, grade: None, reason }
}

const BEST: &str = "the best grade of a laboratory or shop is Ideal here";
const SHORT: &str = "a short form";
/// Why a shape is no grade of cut.
pub const IT_IS_A_SHAPE: &str = "it is a shape, not a grade";
const LANGUAGE: &str = "its name in another language";
const BELOW_FAIR: &str = "it is below Fair, where the scale ends";
const BELOW_J: &str = "it is below J, where the scale ends";
const BELOW_I1: &str = "it is below I1, where the scale ends";
const NO_NUMBER: &str = "its number is missing";
const A_RANGE: &str = "it is a range: write one grade";

const CUTS: &[OtherName] = &[
    is("EX", "Ideal", BEST),
    is("EXC", "Ideal", BEST),
    is("EXCELLENT", "Ideal", BEST),
    is("3EX", "Ideal", BEST),
    is("TRIPLEEX", "Ideal", BEST),
    is("TRIPLEEXCELLENT", "Ideal", BEST),
    is("XXX", "Ideal", BEST),
    is("IDEAL+", "Ideal", BEST),
    is("ID", "Ideal", SHORT),
    is("SUPERIDEAL", "Ideal", BEST),
    is("SIGNATUREIDEAL", "Ideal", BEST),
    is("ASTORIDEAL", "Ideal", BEST),
    is("ASTOR", "Ideal", BEST),
    is("TRUEHEARTS", "Ideal", BEST),
    is("HEARTS&ARROWS", "Ideal", BEST),
    is("HEARTSANDARROWS", "Ideal", BEST),
    is("H&A", "Ideal", BEST),
    is("AGS0", "Ideal", BEST),
    is("PREM", "Premium", SHORT),
    is("VG", "Very Good", SHORT),
    is("VGOOD", "Very Good", SHORT),
    is("VERYGD", "Very Good", SHORT),
    is("G", "Good", SHORT),
    is("GD", "Good", SHORT),
    is("F", "Fair", SHORT),
    is("FR", "Fair", SHORT),
    is("EXZELLENT", "Ideal", LANGUAGE),
    is("ECCELLENTE", "Ideal", LANGUAGE),
    is("EXCELENTE", "Ideal", LANGUAGE),
    is("SEHRGUT", "Very Good", LANGUAGE),
    is("TRESBON", "Very Good", LANGUAGE),
    is("TRESBONNE", "Very Good", LANGUAGE),
    is("MOLTOBUONO", "Very Good", LANGUAGE),
    is("MUYBUENO", "Very Good", LANGUAGE),
    is("GUT", "Good", LANGUAGE),
    is("BON", "Good", LANGUAGE),
    is("BONNE", "Good", LANGUAGE),
    is("BUONO", "Good", LANGUAGE),
    is("BUENO", "Good", LANGUAGE),
    none("P", BELOW_FAIR),
    none("POOR", BELOW_FAIR),
    none("ROUND", IT_IS_A_SHAPE),
    none("RD", IT_IS_A_SHAPE),
    none("BR", IT_IS_A_SHAPE),
    none("PRINCESS", IT_IS_A_SHAPE),
    none("PEAR", IT_IS_A_SHAPE),
    none("OVAL", IT_IS_A_SHAPE),
    none("CUSHION", IT_IS_A_SHAPE),
    none("EMERALD", IT_IS_A_SHAPE),
    none("MARQUISE", IT_IS_A_SHAPE),
    none("HEART", IT_IS_A_SHAPE),
    none("RADIANT", IT_IS_A_SHAPE),
    none("ASSCHER", IT_IS_A_SHAPE),
];

const CLARITIES: &[OtherName] = &[
    is("FL", "IF", "flawless stones are counted with the internally flawless"),
    is("FLAWLESS", "IF", "flawless stones are counted with the internally flawless"),
    is("INTERNALLYFLAWLESS", "IF", "its long form"),
    is("LC", "IF", "loupe clean is the older name"),
    is("LOUPECLEAN", "IF", "loupe clean is the older name"),
    is("P1", "I1", "piqué 1 is the European name"),
    is("PIQUE1", "I1", "piqué 1 is the European name"),
    none("I2", BELOW_I1),
    none("I3", BELOW_I1),
    none("P2", BELOW_I1),
    none("P3", BELOW_I1),
    none("SI3", "it lies between SI2 and I1, and laboratories do not agree where"),
    none("VVS", NO_NUMBER),
    none("VS", NO_NUMBER),
    none("SI", NO_NUMBER),
    none("I", NO_NUMBER),
    none("P", NO_NUMBER),
];

/// `text` in capitals, without spaces, points and hyphens.
fn plain(text: &str) -> String {
    text.chars()
        .map(without_accent)
        .filter(|sign| sign.is_alphanumeric() || matches!(sign, '+' | '&'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// A letter without its accent, as far as grades have any: `Idéal`, `Très bon`.
fn without_accent(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' | 'É' | 'È' | 'Ê' => 'e',
        'á' | 'à' | 'â' | 'Á' | 'À' | 'Â' => 'a',
        'í' | 'î' | 'Í' | 'Î' => 'i',
        'ó' | 'ô' | 'Ó' | 'Ô' => 'o',
        other => other,
    }
}

impl Field {
    /// What `text` says of a grade of this field's scale, whatever its case and the spaces, points and hyphens in it.
    #[must_use]
    pub fn read_grade(&self, text: &str) -> GradeReading {
        if let Some(rank) = self.rank_of(text) {
            return GradeReading::Grade(rank);
        }
        let wanted = plain(text);
        let by_plain_name = |name: &str| {
            let rank = self.grades().iter().position(|grade| plain(grade.name) == name)?;
            u8::try_from(rank).ok()
        };
        let others = match self.name {
            "cut" => CUTS,
            "clarity" => CLARITIES,
            _ => &[],
        };
        if let Some(other) = others.iter().find(|other| other.name == wanted) {
            let rank = other.grade.and_then(|grade| self.rank_of(grade));
            return rank
                .map_or(GradeReading::NoCounterpart(other.reason), |rank| GradeReading::OtherName(rank, other.reason));
        }
        // `G-H` and `VS1/VS2` are no grades, and are not to be read as one without the sign
        let parts: Vec<&str> = text.split(['-', '/', '–']).map(str::trim).collect();
        if parts.len() == 2 && parts.iter().all(|part| self.rank_of(part).is_some() || is_letter_of_color(self, part)) {
            return GradeReading::NoCounterpart(A_RANGE);
        }
        if let Some(rank) = by_plain_name(&wanted) {
            return GradeReading::OtherName(rank, "another way to write it");
        }
        if self.name == "color" {
            return read_other_color(self, &wanted);
        }
        GradeReading::Unknown
    }
}

fn is_letter_of_color(field: &Field, part: &str) -> bool {
    field.name == "color" && part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn read_other_color(field: &Field, wanted: &str) -> GradeReading {
    if wanted.starts_with("FANCY") || wanted.starts_with("FCY") {
        return GradeReading::NoCounterpart("fancy colours have prices of their own");
    }
    let letter = wanted.trim_end_matches('+');
    match (field.rank_of(letter), letter.as_bytes()) {
        (Some(rank), _) => GradeReading::OtherName(rank, "a plus is left out"),
        (None, [b'K'..=b'Z']) => GradeReading::NoCounterpart(BELOW_J),
        _ => GradeReading::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str, text: &str) -> Result<&'static str, bool> {
        let field = Field::find(field).expect("a field");
        match field.read_grade(text) {
            GradeReading::Grade(rank) | GradeReading::OtherName(rank, _) => {
                Ok(field.grade_name(rank.into()).expect("a grade"))
            }
            GradeReading::NoCounterpart(_) => Err(true),
            GradeReading::Unknown => Err(false),
        }
    }

    #[test]
    fn every_spelling_is_one_grade_or_says_why_not() {
        for (field, text, grade) in [
            ("cut", "EX", "Ideal"),
            ("cut", "Signature-Ideal", "Ideal"),
            ("cut", "V.Good", "Very Good"),
            ("cut", "very  good", "Very Good"),
            ("cut", "F", "Fair"),
            ("cut", "Idéal", "Ideal"),
            ("cut", "Très bon", "Very Good"),
            ("color", " h ", "H"),
            ("color", "G+", "G"),
            ("clarity", "VVS 1", "VVS1"),
            ("clarity", "SI-1", "SI1"),
            ("clarity", "FL", "IF"),
            ("clarity", "P1", "I1"),
        ] {
            assert_eq!(read(field, text), Ok(grade), "{text}");
        }
        for (field, text) in [
            ("cut", "Poor"),
            ("cut", "Round"),
            ("color", "G-H"),
            ("color", "O-P"),
            ("color", "K"),
            ("color", "Fancy Yellow"),
            ("clarity", "SI3"),
            ("clarity", "VVS"),
            ("clarity", "VS1-VS2"),
            ("clarity", "I2"),
        ] {
            assert_eq!(read(field, text), Err(true), "{text}");
        }
        for (field, text) in [("cut", "4"), ("color", "7"), ("clarity", "F"), ("cut", "")] {
            assert_eq!(read(field, text), Err(false), "{text}");
        }
    }

    #[test]
    fn other_names_are_of_grades_that_there_are() {
        for (field, others) in [("cut", CUTS), ("clarity", CLARITIES)] {
            let field = Field::find(field).expect("a field");
            for other in others {
                assert_eq!(plain(other.name), other.name);
                assert!(other.grade.is_none_or(|grade| field.rank_of(grade).is_some()), "{}", other.name);
                assert_eq!(field.rank_of(other.name), None, "{}", other.name);
            }
        }
    }
}
