//! A stone in one line, as people say it: `1.02 ideal h si2 6.45-6.51x4.01`.

use super::{Field, FieldError, GradeReading, StoneDescription, number};
use crate::words::say;

/// Most words of one name: `very good`, `si 2`, `triple ex cellent`.
const MAX_WORDS: usize = 3;
/// The scales, in the order in which a word is looked up in them: `G` is a colour first, and a cut only after a colour.
const SCALES: [&str; 3] = ["color", "clarity", "cut"];
/// Names of the only shape that is priced here.
const ROUND: [&str; 6] = ["round", "rd", "br", "rbc", "rb", "brilliant"];
/// Words that say what the number before them is, or nothing.
const FILLERS: [&str; 8] = ["ct", "cts", "carat", "carats", "mm", "diamond", "stone", "a"];
/// How to write a line.
const EXAMPLE: &str = "write a stone like 1.02 ideal H SI2 6.45-6.51x4.01";

/// The fields that a line tells, each once, by name and text as [`StoneDescription::read_text`] takes them. The first number alone is
/// the weight; a percentage without a name is the depth, a second one the table; three numbers with `-`, `x`, `*` or `×` between them are
/// length, width and height; other measures have their name before them.
///
/// # Errors
/// A sentence on the first word that is not understood, and what to write instead.
pub fn read_line(line: &str) -> Result<Vec<(&'static str, String)>, String> {
    let words = words_of(line);
    let mut told: Vec<(&'static str, String)> = Vec::new();
    let mut place = 0;
    while place < words.len() {
        let rest = &words[place..];
        place += take_words(rest, &mut told)?;
    }
    Ok(told)
}

impl StoneDescription {
    /// The stone that a line tells: see [`read_line`].
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn from_line(line: &str) -> Result<Self, String> {
        let told = read_line(line)?;
        Self::from_text(told.iter().map(|(name, text)| (*name, text.as_str())), &[])
            .map_err(|errors| FieldError::in_words(&errors))
    }
}

/// The line that tells the same stone, as [`read_line`] reads it.
#[must_use]
pub fn write_line(stone: &StoneDescription) -> String {
    let StoneDescription { carat, cut, color, clarity, measurements: told } = stone;
    let mut measures = vec![("depth", told.depth), ("table", told.table)];
    let sizes = match (told.x, told.y, told.z) {
        (Some(x), Some(y), Some(z)) => Some(format!("{x}-{y}x{z}")),
        (x, y, z) => {
            measures.extend([("length", x), ("width", y), ("height", z)]);
            None
        }
    };
    let measures = measures.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    let words = std::iter::once(format!("{carat} {cut} {color} {clarity}")).chain(measures).chain(sizes);
    words.collect::<Vec<_>>().join(" ")
}

/// The words of a line; the numbers of sizes stay together, whatever spaces there are around their signs.
fn words_of(line: &str) -> Vec<String> {
    let line = line.replace(['×', '*', '✕'], "x").replace(['–', '—'], "-");
    let begins_with_digit = |text: &str| text.starts_with(|sign: char| sign.is_ascii_digit());
    // between two numbers: the `x` of `SI2 x 6.45` is a name
    let joins = |place: usize, sign: char| {
        matches!(sign, 'x' | 'X' | '-')
            && line[..place].split_whitespace().next_back().is_some_and(begins_with_digit)
            && begins_with_digit(line[place + 1..].trim_start())
    };
    let mut text = String::new();
    let mut is_joined = false;
    for (place, sign) in line.char_indices() {
        if joins(place, sign) {
            text.truncate(text.trim_end().len());
            text.push(sign.to_ascii_lowercase());
            is_joined = true;
        } else if !(is_joined && sign.is_whitespace()) {
            text.push(if matches!(sign, ';' | '/' | '|' | ':' | '=') { ' ' } else { sign });
            is_joined = false;
        }
    }
    text.split_whitespace().map(|word| word.trim_matches(',').to_owned()).filter(|word| !word.is_empty()).collect()
}

/// Reads what the first of `words` say into `told`; how many they are.
fn take_words(words: &[String], told: &mut Vec<(&'static str, String)>) -> Result<usize, String> {
    let word = words[0].as_str();
    let lower = word.to_lowercase();
    let is_told = |name: &str, told: &[(&str, String)]| told.iter().any(|(known, _)| *known == name);
    if ROUND.contains(&lower.as_str()) {
        return Ok(1);
    }
    // a name and its number: `table 57`
    if let (Some(field), Some(value)) = (Field::find_by_any_name(word), words.get(1))
        && field.is_number()
        && number::read_alone(value, false).is_some()
        && !is_told(field.name, told)
    {
        told.push((field.name, value.clone()));
        return Ok(2);
    }
    if FILLERS.contains(&lower.as_str()) || lower == "%" {
        return Ok(1);
    }
    if let Some(sizes) = read_sizes(&lower)? {
        for (name, size) in ["x", "y", "z"].into_iter().zip(sizes) {
            if is_told(name, told) {
                return Err(say!("{} tells sizes a second time: {}", format!("{:?}", word), EXAMPLE));
            }
            told.push((name, size));
        }
        return Ok(1);
    }
    if number::read_alone(word, false).is_some() && lower.starts_with(|sign: char| sign.is_ascii_digit()) {
        let is_percent = word.ends_with('%') || words.get(1).is_some_and(|next| next == "%");
        let wanted: &[&str] = if is_percent { &["depth", "table"] } else { &["carat"] };
        let Some(name) = wanted.iter().find(|name| !is_told(name, told)) else {
            return Err(say!("{} may be many things: write its name before it, such as depth {}", word, word));
        };
        told.push((name, word.to_owned()));
        return Ok(1);
    }
    take_grade(words, told)
}

/// Length, width and height of a word such as `6.45-6.51x4.01`; `None` if it is none.
fn read_sizes(word: &str) -> Result<Option<[String; 3]>, String> {
    let parts: Vec<&str> = word.trim_end_matches("mm").split(['x', '-']).map(str::trim).collect();
    if parts.len() < 2 || !parts.iter().all(|part| part.starts_with(|sign: char| sign.is_ascii_digit())) {
        return Ok(None);
    }
    match <[&str; 3]>::try_from(parts) {
        Ok(three) if three.iter().all(|part| number::read_alone(part, false).is_some()) => {
            Ok(Some(three.map(str::to_owned)))
        }
        _ => Err(say!(
            "{} is not length, width and height: write three numbers, such as 6.45-6.51x4.01",
            format!("{:?}", word)
        )),
    }
}

/// Reads a grade, the longest name first.
fn take_grade(words: &[String], told: &mut Vec<(&'static str, String)>) -> Result<usize, String> {
    let mut because = None;
    for length in (1..=MAX_WORDS.min(words.len())).rev() {
        let name = words[..length].join(" ");
        // `I 1.02` is a colour and a weight
        if length > 1 && words[0].len() == 1 {
            continue;
        }
        for scale in SCALES {
            let Some(field) = Field::find(scale) else { continue };
            match field.read_grade(&name) {
                _ if told.iter().any(|(known, _)| *known == scale) => {}
                GradeReading::Grade(_) | GradeReading::OtherName(..) => {
                    told.push((field.name, name));
                    return Ok(length);
                }
                GradeReading::NoCounterpart(why) if length == 1 => because = because.or(Some((scale, why))),
                GradeReading::NoCounterpart(_) | GradeReading::Unknown => {}
            }
        }
    }
    let word = &words[0];
    let is_name = words.len() > 1 && Field::find_by_any_name(word).is_some_and(|field| !field.is_number());
    if is_name {
        return Ok(1);
    }
    Err(match because {
        Some((_, super::IT_IS_A_SHAPE)) => {
            say!("{} is a shape, and only round stones are priced here", format!("{:?}", word))
        }
        Some((scale, why)) => say!("{} is no {} here, because {}", format!("{:?}", word), scale, why),
        None => say!("{} is not understood: {}", format!("{:?}", word), EXAMPLE),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diamond::{Clarity, Color, Cut, Grade, Measurements};

    fn read(line: &str) -> StoneDescription {
        StoneDescription::from_line(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn a_line_tells_a_stone() {
        let four_cs = StoneDescription::of_four_cs(1.02, Cut::Ideal, Color::H, Clarity::SI2);
        let sizes = Measurements { x: Some(6.45), y: Some(6.51), z: Some(4.01), ..Measurements::default() };
        for line in [
            "1.02 ideal h si2",
            "1,02 ct, Ideal, H, SI2",
            "H/SI2 ideal 1.02ct",
            "round 1.02 carat id colour H clarity SI 2",
            "Ideal H SI2 weight: 1.02",
        ] {
            assert_eq!(read(line), four_cs, "{line}");
        }
        for line in [
            "1.02 ideal h si2 6.45-6.51x4.01",
            "1.02 ideal h si2 6.45 x 6.51 x 4.01 mm",
            "1.02 ideal h si2 6.45 – 6.51 × 4.01mm",
            "6,45*6,51*4,01 1,02 ideal h si2",
        ] {
            assert_eq!(read(line), StoneDescription { measurements: sizes, ..four_cs }, "{line}");
        }
        let told = read("0.5 very good g vvs 1 61.8 % 57 %");
        assert_eq!((told.cut, told.color, told.clarity), (Cut::VeryGood, Color::G, Clarity::VVS1));
        assert_eq!((told.measurements.depth, told.measurements.table), (Some(61.8), Some(57.0)));
        // a letter is a colour first
        let told = read("G G VS1 1 table 57");
        assert_eq!((told.cut, told.color, told.measurements.table), (Cut::Good, Color::G, Some(57.0)));
        assert_eq!(read("ideal I 1 IF").color, Color::I);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, says) in [
            ("1.02 idael h si2", "\"idael\" is not understood: write a stone like"),
            ("1.02 princess h si2", "\"princess\" is a shape, and only round stones are priced here"),
            ("1.02 ideal K si2", "\"K\" is no color here, because it is below J"),
            ("1.02 ideal h si2 57", "57 may be many things: write its name before it, such as depth 57"),
            ("1.02 ideal h si2 6.45x4.01", "is not length, width and height"),
        ] {
            let error = read_line(line).expect_err(line);
            assert!(error.contains(says), "{line}: {error}");
        }
        assert_eq!(read_line(" "), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            carat in 20..500_u32, grades in (0..5_usize, 0..7_usize, 0..8_usize),
            measures in proptest::array::uniform5(proptest::option::of(100..7_000_u32)),
        ) {
            let [depth, table, x, y, z] = measures.map(|value| value.map(|value| f64::from(value) / 100.0));
            let stone = StoneDescription {
                measurements: Measurements { depth, table, x, y, z },
                ..StoneDescription::of_four_cs(
                    f64::from(carat) / 100.0, Cut::ALL[grades.0], Color::ALL[grades.1], Clarity::ALL[grades.2])
            };
            prop_assert_eq!(read(&write_line(&stone)), stone);
        }

        #[test]
        fn any_line_is_read_or_refused(line in ".{0,60}") {
            let _ = read_line(&line);
        }
    }
}
