//! Decides what each column of a file is, how its numbers are written, and in which unit they are.

use super::ReadingError;
use super::date::DateOrder;
use super::plan::{Purpose, ReadingOptions};
use super::profile::ColumnProfile;
use super::report::{AS_IT_IS, GRADES, KEPT};
use super::rows::{is_round, read_measurements};
use super::scale::USUAL_PERCENT;
use super::survey::Survey;
use super::target::{Target, plain_name, targets_of_name, unit_in_name};
use crate::diamond::number::{BothMarks, Decimal, Marks, foreign_currency, is_missing};
use crate::diamond::{FIELDS, Field, GradeReading, IT_IS_A_SHAPE};
use crate::words::marked;

/// Least share of the values of a column that must be what the column is taken for.
const LEAST_SHARE: f64 = 0.5;

/// How one column is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    Number { marks: Marks, factor: f64 },
    PricePerCarat { marks: Marks, factor: f64 },
    Grade,
    Measurements { factor: f64 },
    Shape { any: bool },
    Text(usize),
    Day(usize, DateOrder),
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlannedColumn {
    /// Its place in a record, from 0.
    pub place: usize,
    pub target: Target,
    pub reading: Reading,
}

/// Which column is what.
pub(super) struct Columns<'a> {
    survey: &'a Survey,
    /// What each column is taken for.
    taken: Vec<Option<Target>>,
    /// What was noticed, for people.
    pub notes: Vec<String>,
}

impl<'a> Columns<'a> {
    /// The columns of `survey`, of which nothing is known but its `notes`.
    pub fn new(survey: &'a Survey, notes: Vec<String>) -> Self {
        Self { survey, taken: vec![None; survey.header.len()], notes }
    }

    fn place_of(&self, target: Target) -> Option<usize> {
        self.taken.iter().position(|taken| *taken == Some(target))
    }

    fn name(&self, place: usize) -> &str {
        self.survey.header[place].trim()
    }

    /// Takes each column for what its name and its values say.
    pub fn assign(&mut self, options: &ReadingOptions) -> Result<(), ReadingError> {
        for (name, header) in &options.map {
            let target = Target::find(name).ok_or_else(|| {
                let known: Vec<&str> = Target::all().map(Target::name).collect();
                ReadingError::new(format!("--map {name}: there is no such column here; there are {}", known.join(", ")))
            })?;
            let is_it = |column: &String| column.trim().eq_ignore_ascii_case(header.trim());
            let is_alike = |column: &String| plain_name(column) == plain_name(header);
            let columns = &self.survey.header;
            let place =
                columns.iter().position(is_it).or_else(|| columns.iter().position(is_alike)).ok_or_else(|| {
                    ReadingError::new(format!(
                        "--map {name}={header:?}: the file has no such column; it has {}",
                        self.survey.headers()
                    ))
                })?;
            self.taken[place] = Some(target);
        }
        for target in Target::all() {
            if self.place_of(target).is_some() {
                continue;
            }
            let mut candidates = self.candidates(target);
            candidates.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            let proved =
                candidates.iter().find(|(place, _)| proof(target, &self.survey.profiles[*place]) >= LEAST_SHARE);
            if let Some((place, _)) = proved {
                self.taken[*place] = Some(target);
            } else if let Some((place, _)) = candidates.first() {
                self.doubt(target, *place)?;
            }
        }
        self.settle_shape();
        self.settle_prices();
        Ok(())
    }

    /// Columns whose name may be of a target and that are not taken, with how well the name fits.
    fn candidates(&self, target: Target) -> Vec<(usize, u32)> {
        let free = self.taken.iter().enumerate().filter(|(_, taken)| taken.is_none()).map(|(place, _)| place);
        let fit = |place: usize| {
            let targets = targets_of_name(&self.survey.header[place]);
            targets.iter().find(|(of, _)| *of == target).map(|(_, fit)| (place, *fit))
        };
        free.filter_map(fit).collect()
    }

    /// A column has the name of a target, and its values are something else.
    fn doubt(&mut self, target: Target, place: usize) -> Result<(), ReadingError> {
        let profile = &self.survey.profiles[place];
        let share = proof(target, profile);
        let (name, examples) = (self.name(place).to_owned(), profile.examples.join(", "));
        match target.field() {
            Some(field) if field.required && !field.is_number() && profile.filled > 0 => {
                if profile.share_of_numbers() > LEAST_SHARE {
                    return Err(ReadingError::new(format!(
                        "the column {name} has numbers ({examples}) where grades are wanted: what each number stands for is not known. \
                         Write {}, or name another column with --map {}=HEADER",
                        field.choices(),
                        field.name
                    )));
                }
                // what is no grade is told row by row, but a column of shapes is none of grades
                if share > 0.0 || profile.share_of_words(|word| is_shape_only(field, word)) < LEAST_SHARE {
                    self.taken[place] = Some(target);
                }
            }
            Some(field) if field.required => self.taken[place] = Some(target),
            None if target.is_money() => self.taken[place] = Some(target),
            _ => {}
        }
        Ok(())
    }

    /// A column named for the cut that has shapes is the shape.
    fn settle_shape(&mut self) {
        if self.place_of(Target::Shape).is_some() {
            return;
        }
        let free = (0..self.taken.len()).filter(|place| self.taken[*place].is_none());
        let is_shape = |place: &usize| {
            plain_name(&self.survey.header[*place]) == "cut"
                && self.survey.profiles[*place].share_of_words(is_round) > 0.0
        };
        if let Some(place) = free.into_iter().find(is_shape) {
            self.taken[place] = Some(Target::Shape);
            self.notes.push(format!("the column {} has shapes, and is read as the shape", self.name(place)));
        }
    }

    /// Of two columns of prices the one is the other times the weight.
    fn settle_prices(&mut self) {
        let (Some(carat), Some(price)) = (self.place_of(Target::Field(0)), self.place_of(Target::Price)) else {
            return;
        };
        let others: Vec<usize> = self.candidates(Target::Price).into_iter().map(|(place, _)| place).collect();
        for other in others {
            let marks = |place: usize, is_money| {
                Marks::decide(&self.survey.profiles[place].marks, None, is_money).unwrap_or_default()
            };
            let (of_carat, of_price, of_other) = (marks(carat, false), marks(price, true), marks(other, true));
            let ratios: Vec<f64> = (0..self.survey.sample.len())
                .filter_map(|record| {
                    let read = |place, marks: Marks| marks.read(self.survey.cell(record, place));
                    Some(read(other, of_other)? / (read(price, of_price)? * read(carat, of_carat)?))
                })
                .collect();
            let close = ratios.iter().filter(|ratio| (**ratio - 1.0).abs() < 0.02).count();
            if ratios.len() >= 3 && close * 10 > ratios.len() * 9 {
                self.taken[other] = Some(Target::Price);
                self.taken[price] = None;
                self.notes.push(format!(
                    "the column {} is the price of a carat: {} is read, which is that times the weight",
                    self.name(price),
                    self.name(other)
                ));
                return;
            }
        }
    }

    /// Refuses a file that lacks what every row must have.
    pub fn require(&mut self, purpose: Purpose) -> Result<(), ReadingError> {
        let mut missing: Vec<&str> = FIELDS
            .iter()
            .enumerate()
            .filter(|(place, field)| field.required && self.place_of(Target::Field(*place)).is_none())
            .map(|(_, field)| field.name)
            .collect();
        let has_price = self.place_of(Target::Price).is_some() || self.place_of(Target::PricePerCarat).is_some();
        if matches!(purpose, Purpose::Sales { .. }) && !has_price {
            missing.push("price");
        }
        if missing.is_empty() {
            return Ok(());
        }
        let columns = if missing.len() == 1 { "no column" } else { "no columns" };
        Err(ReadingError::new(format!(
            "the file has {columns} {}: its header, line {}, has {}. Name them with --map {}=HEADER",
            missing.join(", "),
            self.survey.header_line.max(1),
            self.survey.headers(),
            missing[0]
        )))
    }

    /// How each column is read, and the rule in a few words.
    pub fn plan(&mut self, options: &ReadingOptions) -> Result<Vec<(PlannedColumn, String)>, ReadingError> {
        let decimal = options.decimal.or_else(|| self.decimal_of_file());
        let has_total = self.place_of(Target::Price).is_some();
        let mut planned = Vec::new();
        for place in 0..self.taken.len() {
            let Some(target) = self.taken[place] else { continue };
            let (target, reading, rule) = match target {
                Target::PricePerCarat if has_total => continue,
                target if target.is_number() => {
                    let marks = self.marks_of(place, target, decimal, options.decimal.is_some())?;
                    let Some(number) = self.number_of(place, target, marks, options)? else { continue };
                    number
                }
                Target::Field(_) => (target, Reading::Grade, GRADES.to_owned()),
                Target::Measurements => {
                    let said = said_unit(target, options)?;
                    let factor = said.as_ref().map_or(1.0, |(factor, _)| *factor);
                    let unit = said.map(|(_, unit)| format!(", {unit}")).unwrap_or_default();
                    (target, Reading::Measurements { factor }, format!("length, width and height{unit}"))
                }
                Target::Shape if options.any_shape => {
                    (target, Reading::Shape { any: true }, "every shape goes in".to_owned())
                }
                Target::Shape => (target, Reading::Shape { any: false }, "round stones go in".to_owned()),
                Target::Certificate => (target, Reading::Text(0), KEPT.to_owned()),
                Target::Laboratory => (target, Reading::Text(1), KEPT.to_owned()),
                Target::StockNumber => (target, Reading::Text(2), KEPT.to_owned()),
                _ => {
                    let Some(order) = self.date_order_of(place) else { continue };
                    (target, Reading::Day(3, order), KEPT.to_owned())
                }
            };
            planned.push((PlannedColumn { place, target, reading }, rule));
        }
        Ok(planned)
    }

    /// How the days of a column are written; `None` if few of them can be read. What cannot is noted.
    fn date_order_of(&mut self, place: usize) -> Option<DateOrder> {
        let survey = self.survey;
        let texts = (0..survey.sample.len()).map(|record| survey.cell(record, place)).filter(|cell| !is_missing(cell));
        let texts: Vec<&str> = texts.collect();
        let order = DateOrder::decide(texts.iter().copied());
        let unread: Vec<&&str> = texts.iter().filter(|text| order.read(text).is_none()).collect();
        let name = survey.header[place].trim();
        if unread.len() * 2 > texts.len() {
            self.notes.push(format!(
                "the column {name} is left out: its days can be read in two ways, or are none; write 2026-03-01"
            ));
            return None;
        }
        if let Some(first) = unread.first() {
            self.notes.push(format!(
                "the column {name}: {} of {} values looked at are no day, such as {first:?}, or can be read in two ways; these sales are kept without one; write 2026-03-01",
                unread.len(),
                texts.len()
            ));
        }
        Some(order)
    }

    /// The decimal sign that the columns of numbers prove; `None` if they prove none, or both.
    fn decimal_of_file(&self) -> Option<Decimal> {
        let mut proved = (false, false);
        for (place, target) in self.taken.iter().enumerate() {
            if target.is_some_and(|target| target.is_number() && !target.is_money()) {
                let (point, comma) = self.survey.profiles[place].marks.proved();
                proved = (proved.0 || point, proved.1 || comma);
            }
        }
        match proved {
            (true, false) => Some(Decimal::Point),
            (false, true) => Some(Decimal::Comma),
            _ => None,
        }
    }

    fn marks_of(
        &self,
        place: usize,
        target: Target,
        decimal: Option<Decimal>,
        is_said: bool,
    ) -> Result<Marks, ReadingError> {
        match Marks::decide(&self.survey.profiles[place].marks, decimal, target.is_money()) {
            Ok(marks) => Ok(marks),
            Err(BothMarks) if is_said => {
                Ok(Marks { decimal: decimal.unwrap_or(Decimal::Point), parts_thousands: target.is_money() })
            }
            Err(both) => Err(ReadingError::new(format!("the column {}: {both}", self.name(place)))),
        }
    }

    /// How a column of numbers is read: as what, in which unit; `None` if it cannot be told.
    fn number_of(
        &mut self,
        place: usize,
        target: Target,
        marks: Marks,
        options: &ReadingOptions,
    ) -> Result<Option<(Target, Reading, String)>, ReadingError> {
        let name = self.name(place).to_owned();
        let mut rules = Vec::new();
        if marks.decimal == Decimal::Comma {
            rules.push("decimal comma".to_owned());
        }
        let profile = &self.survey.profiles[place];
        let has_thousands = profile.marks.either_point + profile.marks.either_comma > 0;
        if marks.parts_thousands && has_thousands {
            let sign = if profile.marks.either_point > 0 { "points" } else { "commas" };
            rules.push(format!("{sign} part thousands"));
        }
        let mut factor = 1.0;
        let mut target = target;
        if let Target::Field(field) = target {
            let unit = unit_in_name(&self.survey.header[place]);
            let kind = FIELDS[field].unit();
            let median = self.survey.median(place, marks).unwrap_or_default();
            if kind == "%" {
                let is_length =
                    unit.as_deref() == Some("mm") || FIELDS[field].name == "depth" && self.is_height(place, marks);
                if USUAL_PERCENT.contains(&(median * 100.0)) {
                    factor = 100.0;
                    rules.push("fractions, read as percent".to_owned());
                } else if is_length {
                    let height = Target::Field(FIELDS.len() - 1);
                    if self.place_of(height).is_some() {
                        return Ok(None);
                    }
                    target = height;
                    self.notes.push(format!("the column {name} is in millimetres, and is read as the height"));
                }
            } else if kind == "mm" && unit.as_deref() == Some("cm") {
                factor = 10.0;
                rules.push(CENTIMETRES.to_owned());
            }
        }
        if let Some((said, unit)) = said_unit(target, options)? {
            // instead of what the header says
            if target.field().is_some_and(|field| field.unit() == "mm") {
                rules.retain(|rule| rule != CENTIMETRES);
                factor = 1.0;
            }
            factor *= said;
            rules.push(unit);
        }
        if target.is_money() {
            let currency = profile.currency.or_else(|| foreign_currency(&self.survey.header[place]));
            match (currency, options.rate) {
                (Some(currency), None) => {
                    return Err(ReadingError::new(format!(
                        "the column {name} is in {currency}, and prices here are in US dollars: give --rate with the dollars for one {currency}"
                    )));
                }
                (_, Some(rate)) => {
                    factor *= rate;
                    rules.push(format!("times {rate}"));
                }
                (None, None) => {}
            }
        }
        if target == Target::PricePerCarat {
            rules.insert(0, "times the weight".to_owned());
            self.notes.push(format!("the price is that of a carat ({name}) times the weight"));
            return Ok(Some((target, Reading::PricePerCarat { marks, factor }, rules.join(", "))));
        }
        if rules.is_empty() {
            rules.push(AS_IT_IS.to_owned());
        }
        Ok(Some((target, Reading::Number { marks, factor }, rules.join(", "))))
    }

    /// Whether a column of depths is in millimetres: beside length and width it is then some 60 % of them.
    fn is_height(&self, place: usize, marks: Marks) -> bool {
        let [x, y] = [FIELDS.len() - 3, FIELDS.len() - 2].map(|field| self.place_of(Target::Field(field)));
        let median_of = |place: Option<usize>| {
            let place = place?;
            let marks = Marks::decide(&self.survey.profiles[place].marks, None, false).ok()?;
            self.survey.median(place, marks)
        };
        match (median_of(x), median_of(y), self.survey.median(place, marks)) {
            (Some(x), Some(y), Some(depth)) => USUAL_PERCENT.contains(&(200.0 * depth / (x + y))),
            (_, _, Some(depth)) => depth > 1.5 && depth < 12.0,
            _ => false,
        }
    }
}

const CENTIMETRES: &str = "centimetres";

/// A unit other than the usual one that a column may be said to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Of what: `carat`, `size` or `price`.
    pub of: &'static str,
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// By which its numbers are multiplied, so that they are in the usual one.
    factor: f64,
}

/// The units that a column may be said to have.
pub const UNITS: [Unit; 5] = [
    Unit { of: "carat", name: "points", label: marked("points, of which a carat has 100"), factor: 0.01 },
    Unit { of: "size", name: "cm", label: marked("centimetres"), factor: 10.0 },
    Unit { of: "price", name: "cents", label: marked("cents"), factor: 0.01 },
    Unit { of: "price", name: "hundreds", label: marked("hundreds of dollars"), factor: 100.0 },
    Unit { of: "price", name: "thousands", label: marked("thousands of dollars"), factor: 1_000.0 },
];

/// The factor of the unit that the user says a column of this target has, and its name.
///
/// # Errors
/// If there is no such unit.
fn said_unit(target: Target, options: &ReadingOptions) -> Result<Option<(f64, String)>, ReadingError> {
    let mut found = None;
    for (of, name) in &options.units {
        let is_meant = match of.as_str() {
            "carat" => target == Target::Field(0),
            "size" => target == Target::Measurements || target.field().is_some_and(|field| field.unit() == "mm"),
            "price" => target.is_money(),
            other => return Err(ReadingError::new(format!("--unit {other}={name}: it is for carat, size or price"))),
        };
        let unit = UNITS.iter().find(|unit| unit.of == of && unit.name == name).ok_or_else(|| {
            let known = UNITS.map(|unit| format!("{}={}", unit.of, unit.name)).join(", ");
            ReadingError::new(format!("--unit {of}={name} is not known: there are {known}"))
        })?;
        if is_meant {
            found = Some((unit.factor, name.clone()));
        }
    }
    Ok(found)
}

/// How well the values of a column fit a target, from 0 to 1.
fn proof(target: Target, profile: &ColumnProfile) -> f64 {
    match target {
        _ if profile.filled == 0 => 0.0,
        Target::Field(place) if !FIELDS[place].is_number() => profile.share_of_words(|word| {
            !matches!(FIELDS[place].read_grade(word), GradeReading::Unknown) && !is_shape_only(&FIELDS[place], word)
        }),
        Target::Measurements => profile.share_of_words(|word| read_measurements(word).is_some()).max(
            if profile.words.is_empty() && profile.examples.iter().all(|text| read_measurements(text).is_some()) {
                1.0
            } else {
                0.0
            },
        ),
        Target::Shape => profile.share_of_words(|word| !word.bytes().any(|byte| byte.is_ascii_digit())),
        target if target.is_number() => profile.share_of_numbers(),
        _ => 1.0,
    }
}

/// Whether a word is of a shape, which the field knows as a word that is no grade.
fn is_shape_only(field: &Field, word: &str) -> bool {
    field.read_grade(word) == GradeReading::NoCounterpart(IT_IS_A_SHAPE)
}
