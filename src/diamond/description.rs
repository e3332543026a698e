//! The description of a stone by a customer: the four Cs, and the measurements that are known.
//!
//! One reader serves the JSON API, the query string, the page's form and the command line, so that all of them accept
//! the same stones and report the same mistakes in the same words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::stone::{grade, rank};
use super::{
    Clarity, Color, Cut, Dimensions, FIELD_COUNT, FIELDS, Field, FieldKind, FieldValues, GradeReading, Stone, number,
};
use crate::words::say;

/// Most unknown fields in one error: a client that sends more has the wrong endpoint, not a wrong name.
const MAX_UNKNOWN_FIELDS: usize = 20;

/// A problem with one field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldError {
    /// Name of the field.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// The value that was given; `null` if none was.
    pub value: Value,
}

impl FieldError {
    /// What is wrong with the `value` of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { field: field.into(), message: message.into(), value: value.into() }
    }

    /// Several mistakes, one after the other.
    #[must_use]
    pub fn in_words(errors: &[Self]) -> String {
        errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect::<Vec<_>>().join("; ")
    }
}

/// Measurements of a stone, each of which may be unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// Total depth in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<f64>,
    /// Width of the table facet in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<f64>,
    /// Length in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// Width in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    /// Height in millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
}

impl Measurements {
    /// The value of each field that is a measurement; `None` for the four Cs.
    pub fn values(&self) -> FieldValues {
        [None, None, None, None, self.depth, self.table, self.x, self.y, self.z]
    }

    /// The measurements among `values`.
    pub fn from_values(values: &FieldValues) -> Self {
        let [_, _, _, _, depth, table, x, y, z] = *values;
        Self { depth, table, x, y, z }
    }

    /// Each measurement that is known, with its field.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Field, f64)> {
        FIELDS.iter().zip(self.values()).filter_map(|(field, value)| Some((field, value?)))
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }

    /// These measurements, completed by `others` where these are unknown.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        let mut values = self.values();
        for (value, other) in values.iter_mut().zip(others.values()) {
            *value = value.or(other);
        }
        Self::from_values(&values)
    }
}

/// A stone as described by somebody who may not have measured it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoneDescription {
    /// Weight in carats: 1 ct is 200 mg.
    pub carat: f64,
    /// Quality of the cut.
    pub cut: Cut,
    /// Grade of colour.
    pub color: Color,
    /// Grade of clarity.
    pub clarity: Clarity,
    /// The measurements that are known.
    #[serde(flatten)]
    pub measurements: Measurements,
}

/// A stone, and a sentence on each value of it that was read as another than it is written.
pub type DescribedStone = (StoneDescription, Vec<String>);

impl StoneDescription {
    /// A description with the four Cs alone.
    pub fn of_four_cs(carat: f64, cut: Cut, color: Color, clarity: Clarity) -> Self {
        Self { carat, cut, color, clarity, measurements: Measurements::default() }
    }

    /// The description of `stone`, whose measures to the hundredth are those that are numbers.
    pub fn of_stone(stone: &Stone) -> Self {
        let told = |value: f64| (!value.is_nan()).then(|| (value * 100.0).round() / 100.0);
        Self {
            carat: stone.weight_carat,
            cut: stone.cut,
            color: stone.color,
            clarity: stone.clarity,
            measurements: Measurements {
                depth: told(stone.depth_percent),
                table: told(stone.table_percent),
                x: told(stone.x_mm),
                y: told(stone.y_mm),
                z: told(stone.z_mm),
            },
        }
    }

    /// The fields that are not told.
    pub fn not_told(&self) -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().zip(self.values()).filter(|(_, value)| value.is_none()).map(|(field, _)| field)
    }

    /// The stone described: measurements that are unknown are no numbers.
    pub fn stone(&self) -> Stone {
        let Self { carat, cut, color, clarity, measurements: known } = *self;
        let told = |value: Option<f64>| value.unwrap_or(f64::NAN);
        Stone {
            weight_carat: carat,
            cut,
            color,
            clarity,
            depth_percent: told(known.depth),
            table_percent: told(known.table),
            x_mm: told(known.x),
            y_mm: told(known.y),
            z_mm: told(known.z),
        }
    }

    /// The stone described, with these measurements in place of its own.
    pub fn with_dimensions(&self, dimensions: Dimensions) -> Stone {
        let Dimensions { depth_percent, table_percent, x_mm, y_mm, z_mm } = dimensions;
        let Self { carat, cut, color, clarity, .. } = *self;
        Stone { weight_carat: carat, cut, color, clarity, depth_percent, table_percent, x_mm, y_mm, z_mm }
    }

    /// Its value of each field, in the order of [`FIELDS`].
    pub fn values(&self) -> FieldValues {
        let mut values = self.measurements.values();
        let four_cs = [self.carat, rank(self.cut), rank(self.color), rank(self.clarity)];
        for (value, known) in values.iter_mut().zip(four_cs) {
            *value = Some(known);
        }
        values
    }

    /// The description of these values; `None` if one of the four Cs is missing.
    pub fn from_values(values: &FieldValues) -> Option<Self> {
        Some(Self {
            carat: values[0]?,
            cut: grade(values[1]?)?,
            color: grade(values[2]?)?,
            clarity: grade(values[3]?)?,
            measurements: Measurements::from_values(values),
        })
    }

    /// Reads a description from the fields of a JSON object. Fields named in `others` belong to the caller and are
    /// skipped; any further field is an error. A `null` counts as left out.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn from_fields(fields: &Map<String, Value>, others: &[&str]) -> Result<Self, Vec<FieldError>> {
        Self::read_fields(fields, others).map(|(description, _)| description)
    }

    /// As [`StoneDescription::from_fields`], with a sentence on each value that was read as another than it is written: another
    /// name of a grade, a number as text.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn read_fields(fields: &Map<String, Value>, others: &[&str]) -> Result<DescribedStone, Vec<FieldError>> {
        let mut reader = FieldReader::new(fields);
        let values: FieldValues = std::array::from_fn(|place| reader.read(place));
        reader.refuse_others(others);
        match Self::from_values(&values) {
            Some(description) if reader.errors.is_empty() => Ok((description, reader.notes)),
            _ => Err(reader.errors),
        }
    }

    /// Reads a description from pairs of text, as a query string, a form or a command line gives them. Empty text
    /// counts as left out.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn from_text<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        others: &[&str],
    ) -> Result<Self, Vec<FieldError>> {
        Self::read_text(pairs, others).map(|(description, _)| description)
    }

    /// As [`StoneDescription::from_text`], with a sentence on each value that was read as another than it is written.
    ///
    /// # Errors
    /// Every bad field at once.
    pub fn read_text<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        others: &[&str],
    ) -> Result<(Self, Vec<String>), Vec<FieldError>> {
        let mut fields = Map::new();
        for (name, text) in pairs {
            let is_number = Field::find_by_any_name(name).is_some_and(Field::is_number);
            let text = text.trim();
            let value = match text.parse::<f64>() {
                _ if text.is_empty() => continue,
                Ok(number) if is_number && number.is_finite() => Value::from(number),
                _ => Value::from(text),
            };
            fields.insert(name.to_owned(), value);
        }
        Self::read_fields(&fields, others)
    }
}

impl PartialSchema for StoneDescription {
    fn schema() -> RefOr<Schema> {
        schema_of(FIELDS.iter())
            .description(Some("A stone as described by somebody who may not have measured it."))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .examples([json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"})])
            .into()
    }
}

impl ToSchema for StoneDescription {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend([
            (Cut::name().into_owned(), Cut::schema()),
            (Color::name().into_owned(), Color::schema()),
            (Clarity::name().into_owned(), Clarity::schema()),
        ]);
    }
}

impl PartialSchema for Measurements {
    fn schema() -> RefOr<Schema> {
        schema_of(FIELDS.iter().filter(|field| !field.required)).into()
    }
}

impl ToSchema for Measurements {}

/// An object of these fields.
fn schema_of(fields: impl Iterator<Item = &'static Field>) -> ObjectBuilder {
    fields.fold(ObjectBuilder::new(), |object, field| {
        let object = if field.required { object.required(field.name) } else { object };
        object.property(field.name, schema_of_field(field))
    })
}

fn schema_of_field(field: &Field) -> RefOr<Schema> {
    match field.kind {
        FieldKind::Grade { .. } => {
            let mut scale = field.name.to_owned();
            scale[..1].make_ascii_uppercase();
            let mut reference = Ref::from_schema_name(scale);
            field.description.clone_into(&mut reference.description);
            reference.into()
        }
        FieldKind::Number { legal: (least, most), .. } => {
            let kind = if field.required {
                SchemaType::Type(Type::Number)
            } else {
                SchemaType::from_iter([Type::Number, Type::Null])
            };
            ObjectBuilder::new()
                .schema_type(kind)
                .description(Some(field.description))
                .minimum(Some(least))
                .maximum(Some(most))
                .into()
        }
    }
}

struct FieldReader<'a> {
    fields: &'a Map<String, Value>,
    /// The name and the value that each of [`FIELDS`] is given by: its own name, or else the first other in use.
    given: [Option<(&'a str, &'a Value)>; FIELD_COUNT],
    errors: Vec<FieldError>,
    /// What was read as another than it is written.
    notes: Vec<String>,
}

impl<'a> FieldReader<'a> {
    fn new(fields: &'a Map<String, Value>) -> Self {
        let mut given = [None; FIELD_COUNT];
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let found = Field::find_by_any_name(name);
            let place = FIELDS.iter().position(|field| found.is_some_and(|found| found.name == field.name));
            if let Some(place) = place.filter(|place| given[*place].is_none() || FIELDS[*place].name == name) {
                given[place] = Some((name.as_str(), value));
            }
        }
        Self { fields, given, errors: Vec::new(), notes: Vec::new() }
    }

    /// The value of the field at `place`; `None`, with an error added, if it is wrong, or if it is missing and required.
    fn read(&mut self, place: usize) -> Option<f64> {
        let field = &FIELDS[place];
        let (name, value) = self.given[place].unzip();
        let message = match (&field.kind, value) {
            (_, None) if !field.required => return None,
            (FieldKind::Number { .. }, None) => say!("is required"),
            (FieldKind::Grade { .. }, None) => say!("is required: one of {}", field.choices()),
            (FieldKind::Grade { .. }, Some(value)) => match self.read_grade(field, value) {
                Ok(rank) => return Some(rank.into()),
                Err(message) => message,
            },
            (FieldKind::Number { legal, .. }, Some(value)) => match read_number(value, *legal) {
                Ok(number) => {
                    // text that only a person takes for this number
                    if let Some(text) = value.as_str().filter(|text| text.trim().parse::<f64>().is_err()) {
                        self.notes.push(say!(
                            "{} {} is read as {}",
                            field.name,
                            format!("{:?}", text),
                            field.write(number)
                        ));
                    }
                    return Some(number);
                }
                Err(message) => message,
            },
        };
        self.refuse(name.unwrap_or(field.name), message);
        None
    }

    fn read_grade(&mut self, field: &Field, value: &Value) -> Result<u8, String> {
        let text = value.as_str().unwrap_or_default();
        match field.read_grade(text) {
            GradeReading::Grade(rank) => Ok(rank),
            GradeReading::OtherName(rank, why) => {
                let grade = field.grade_name(rank.into()).unwrap_or_default();
                self.notes.push(say!("{} {} is read as {}: {}", field.name, format!("{:?}", text), grade, why));
                Ok(rank)
            }
            GradeReading::NoCounterpart(why) => {
                Err(say!("has no counterpart here, because {}: must be one of {}", why, field.choices()))
            }
            GradeReading::Unknown => {
                let names = field.grades().iter().map(|grade| grade.name);
                let nearest = nearest(text, names).map(|name| say!("; the nearest is {}", name)).unwrap_or_default();
                Err(say!("must be one of {}{}", field.choices(), nearest))
            }
        }
    }

    /// Refuses names that are of no field, and those by which a field is given a second time.
    fn refuse_others(&mut self, others: &[&str]) {
        let is_read = |name: &str| self.given.iter().flatten().any(|(given, _)| *given == name);
        let is_left_out = |name: &str, value: &Value| value.is_null() && Field::find_by_any_name(name).is_some();
        let left: Vec<&str> = self
            .fields
            .iter()
            .filter(|(name, value)| !(is_read(name) || others.contains(&name.as_str()) || is_left_out(name, value)))
            .map(|(name, _)| name.as_str())
            .take(MAX_UNKNOWN_FIELDS)
            .collect();
        if left.is_empty() {
            return;
        }
        let known: Vec<&str> = FIELDS.iter().map(|field| field.name).chain(others.iter().copied()).collect();
        for name in left {
            let message = if let Some(field) = Field::find_by_any_name(name) {
                say!("is {} a second time: send it once", field.name)
            } else {
                let nearest = nearest(name, known.iter().copied()).map(|name| say!("; the nearest is {}", name));
                say!("is not a field here: the fields are {}{}", known.join(", "), nearest.unwrap_or_default())
            };
            self.refuse(name, message);
        }
    }

    fn refuse(&mut self, field: &str, message: String) {
        let value = self.fields.get(field).cloned().unwrap_or(Value::Null);
        self.errors.push(FieldError::new(field, message, value));
    }
}

/// Likeness from which a name is probably another one with a typing error.
const LEAST_LIKENESS: f64 = 0.8;

/// The one of `names` that `text` is most like, if it is like one.
fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = text.trim().to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// A number from `least` to `most`, both above 0; else what is wrong with it. Text is read as people write numbers.
fn read_number(value: &Value, (least, most): (f64, f64)) -> Result<f64, String> {
    let number = value.as_f64().or_else(|| number::read_alone(value.as_str()?, false));
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        Some(number) if number <= 0.0 => Err(say!("must be above 0")),
        Some(number) if number < least => Err(say!("must be at least {}", least)),
        Some(_) => Err(say!("must be at most {}", most)),
        None => Err(say!("must be a number, such as 1.1")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<StoneDescription, Vec<FieldError>> {
        StoneDescription::from_fields(value.as_object().expect("an object"), &[])
    }

    #[test]
    fn the_four_cs_are_enough() {
        let stone = read(&json!({"carat": 1.1, "cut": "ideal", "color": "h", "clarity": " si2 "})).expect("a stone");
        assert_eq!((stone.cut, stone.color, stone.clarity), (Cut::Ideal, Color::H, Clarity::SI2));
        assert!(stone.measurements.is_empty());
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let errors = read(&json!({"carat": 0, "cut": "Great", "clarity": 3, "x": "wide", "y": -1, "hue": "H"}))
            .expect_err("nothing is right");
        let seen: Vec<(&str, &str)> =
            errors.iter().map(|error| (error.field.as_str(), error.message.as_str())).collect();
        assert_eq!(seen[0], ("carat", "must be above 0"));
        assert_eq!(seen[1], ("cut", "must be one of Ideal, Premium, Very Good, Good, Fair"));
        assert_eq!(seen[2], ("color", "is required: one of D, E, F, G, H, I, J"));
        assert_eq!(seen[3].0, "clarity");
        assert_eq!(seen[4], ("x", "must be a number, such as 1.1"));
        assert_eq!(seen[5], ("y", "must be above 0"));
        assert!(seen[6].0 == "hue" && seen[6].1.starts_with("is not a field here"));
    }

    #[test]
    fn other_names_and_dresses_are_read_and_told() {
        let fields =
            json!({"Weight": "1,02 ct", "cut": "EX", "colour": "h", "clarity": "VVS 1", "total depth": "61.8%"});
        let (stone, notes) =
            StoneDescription::read_fields(fields.as_object().expect("an object"), &[]).expect("a stone");
        assert_eq!((stone.carat, stone.cut, stone.clarity), (1.02, Cut::Ideal, Clarity::VVS1));
        assert_eq!(stone.measurements.depth, Some(61.8));
        assert_eq!(notes.len(), 4, "{notes:?}");
        assert_eq!(notes[0], "carat \"1,02 ct\" is read as 1.02 ct");
        assert_eq!(notes[1], "cut \"EX\" is read as Ideal: the best grade of a laboratory or shop is Ideal here");
    }

    #[test]
    fn what_is_wrong_is_told_with_the_nearest_that_is_right() {
        let wrong = json!({"carrat": 1, "carat": 1, "cut": "Idael", "color": "K", "colour": "H", "clarity": "SI2"});
        let errors = read(&wrong).expect_err("wrong");
        let messages: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
        assert!(messages[0].ends_with("; the nearest is Ideal"), "{messages:?}");
        assert!(messages[1].starts_with("color has no counterpart here, because it is below J"), "{messages:?}");
        assert!(
            messages[2].starts_with("carrat is not a field here") && messages[2].ends_with("nearest is carat"),
            "{messages:?}"
        );
        let twice = read(&json!({"weight": 1, "ct": 1, "cut": "Ideal", "color": "H", "clarity": "SI2"}));
        assert!(twice.expect_err("twice")[0].message.contains("a second time"));
        let both = read(&json!({"weight": 1, "carat": 2, "cut": "Ideal", "color": "H", "clarity": "SI2", "ct": null}));
        let both = both.expect_err("which of them is meant is not known");
        assert_eq!((both.len(), both[0].field.as_str()), (1, "weight"));
    }

    #[test]
    fn text_and_json_read_the_same_stone() {
        let json = read(&json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "x": 6.61}));
        let pairs =
            [("carat", " 1.10 "), ("cut", "Ideal"), ("color", "H"), ("clarity", "SI2"), ("x", "6.61"), ("y", "")];
        assert_eq!(StoneDescription::from_text(pairs, &[]), json);
    }

    #[test]
    fn text_that_is_no_finite_number_is_refused() {
        for text in ["nan", "inf", "1,1,1", "one"] {
            let pairs = [("carat", text), ("cut", "Ideal"), ("color", "H"), ("clarity", "SI2")];
            let errors = StoneDescription::from_text(pairs, &[]).expect_err(text);
            assert_eq!(errors[0].field, "carat", "{text}");
        }
    }
}
