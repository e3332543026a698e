//! What a column of a file can be, and the names that people give it.

use serde::{Deserialize, Serialize};

use crate::diamond::{FIELDS, Field};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// A field of the stone, by its place in [`FIELDS`].
    Field(usize),
    /// The price of the stone.
    Price,
    /// The price of a carat of it.
    PricePerCarat,
    /// Length, width and height in one cell: `6.45-6.51x4.01`.
    Measurements,
    /// The shape; models are of rounds.
    Shape,
    /// The number of its certificate.
    Certificate,
    /// Who made the certificate.
    Laboratory,
    /// The number by which its owner knows it.
    StockNumber,
    /// The day of the sale.
    SoldOn,
}

/// Targets that are no fields of a stone, each with the name by which `--map` knows it, and other names in use, in lower case.
const OTHERS: [(Target, &str, &[&str]); 8] = [
    (
        Target::Price,
        "price",
        &[
            "total price",
            "final price",
            "cost",
            "sales price",
            "sale price",
            "selling price",
            "sold price",
            "sold for",
            "amount",
            "total",
            "total amount",
            "total $",
            "value",
            "net price",
            "retail price",
            "asking price",
            "price usd",
            "usd",
            "prezzo",
            "preis",
            "prix",
            "precio",
            "verkaufspreis",
        ],
    ),
    (
        Target::PricePerCarat,
        "price_per_carat",
        &[
            "price per carat",
            "price per ct",
            "price/carat",
            "price/ct",
            "price ct",
            "$/ct",
            "$/carat",
            "usd/ct",
            "per carat",
            "per ct",
            "ppc",
            "rapnet price",
            "p/ct",
            "pr/ct",
            "price/cts",
            "prezzo/ct",
            "preis/ct",
        ],
    ),
    (
        Target::Measurements,
        "measurements",
        &[
            "measurement",
            "measurements mm",
            "dimensions",
            "dimension",
            "size mm",
            "l x w x d",
            "lxwxd",
            "meas",
            "abmessungen",
            "misure",
        ],
    ),
    (Target::Shape, "shape", &["shape name", "form", "shp", "forma", "forme"]),
    (
        Target::Certificate,
        "certificate",
        &[
            "certificate #",
            "certificate number",
            "certificate no",
            "certificate id",
            "cert #",
            "cert no",
            "cert number",
            "cert id",
            "cert",
            "report #",
            "report number",
            "report no",
            "gia #",
            "gia number",
            "gia report",
            "lab report",
        ],
    ),
    (
        Target::Laboratory,
        "laboratory",
        &["lab", "grading lab", "graded by", "certified by", "report lab", "certificate lab"],
    ),
    (
        Target::StockNumber,
        "stock_number",
        &[
            "stock #",
            "stock",
            "stock number",
            "stock no",
            "stock id",
            "sku",
            "item",
            "item #",
            "item number",
            "lot",
            "lot #",
            "upc",
            "stone id",
            "packet",
        ],
    ),
    (
        Target::SoldOn,
        "sold_on",
        &[
            "sold on",
            "date sold",
            "sale date",
            "date of sale",
            "sold date",
            "sold at",
            "date",
            "invoice date",
            "data vendita",
            "verkaufsdatum",
        ],
    ),
];

/// Words in names of columns that hold another quality than the one the rest of the name seems to say: `polish`, `table width`.
const OTHER_QUALITIES: [&str; 16] = [
    "polish",
    "symmetry",
    "sym",
    "pol",
    "girdle",
    "culet",
    "crown",
    "pavilion",
    "fluor",
    "fluorescence",
    "ratio",
    "rap%",
    "rap %",
    "angle",
    "discount",
    "list",
];

impl Target {
    /// The name by which `--map` knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(place) => FIELDS[place].name,
            other => OTHERS.iter().find(|(target, ..)| *target == other).map_or("", |(_, name, _)| name),
        }
    }

    /// The target of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|target| target.name() == name)
    }

    /// Every target.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FIELDS.len()).map(Self::Field).chain(OTHERS.iter().map(|(target, ..)| *target))
    }

    /// The names that this target has in files, in lower case.
    fn synonyms(self) -> &'static [&'static str] {
        match self {
            Self::Field(place) => FIELDS[place].synonyms,
            other => OTHERS.iter().find(|(target, ..)| *target == other).map_or(&[], |(.., synonyms)| synonyms),
        }
    }

    /// The field, if it is one.
    #[must_use]
    pub fn field(self) -> Option<&'static Field> {
        match self {
            Self::Field(place) => FIELDS.get(place),
            _ => None,
        }
    }

    /// Whether it is an amount of money.
    #[must_use]
    pub fn is_money(self) -> bool {
        matches!(self, Self::Price | Self::PricePerCarat)
    }

    /// Whether its values are numbers.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.is_money() || self.field().is_some_and(Field::is_number)
    }
}

/// A name of a column without what is only dress: case, units, underscores and signs around it.
#[must_use]
pub fn plain_name(header: &str) -> String {
    let lower = header.trim().trim_matches(['"', '\'', '\u{feff}']).to_lowercase();
    // a unit in brackets says nothing of what the column is, except where the name is of a length
    let mut name = String::with_capacity(lower.len());
    let mut depth = 0_u32;
    for sign in lower.chars() {
        match sign {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '_' | '.' | '-' | ':' if depth == 0 => name.push(' '),
            // `Depth%` is `depth %`
            '%' | '#' if depth == 0 => name.extend([' ', sign]),
            _ if depth == 0 => name.push(sign),
            _ => {}
        }
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ")
}

/// What is in brackets in a name of a column, in lower case: `x (mm)` has `mm`.
#[must_use]
pub fn unit_in_name(header: &str) -> Option<String> {
    let (_, rest) = header.split_once(['(', '['])?;
    let unit = rest.split([')', ']']).next()?.trim().to_lowercase();
    (!unit.is_empty()).then_some(unit)
}

/// The targets that a column of this name may be, the likeliest first, with how well the name fits (3 is exact).
#[must_use]
pub fn targets_of_name(header: &str) -> Vec<(Target, u32)> {
    let name = plain_name(header);
    let whole = header.trim().to_lowercase();
    if name.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(Target, u32)> = Target::all()
        .filter_map(|target| {
            let own = target.name().replace('_', " ");
            let is_synonym = |text: &str| target.synonyms().contains(&text);
            if name == own {
                Some((target, 3))
            } else if is_synonym(&name) || is_synonym(&whole) || is_synonym(name.trim_end_matches([' ', '#', '%'])) {
                Some((target, 2))
            } else {
                let is_other = OTHER_QUALITIES.iter().any(|word| name.split(' ').any(|part| part == *word));
                let words = || name.split(' ');
                let has_own = words().any(|word| word == own) && words().count() <= 3;
                (has_own && !is_other && target.field().is_some()).then_some((target, 1))
            }
        })
        .collect();
    found.sort_by_key(|(_, fit)| std::cmp::Reverse(*fit));
    found
}

/// Whether a column of this name is of some target.
#[must_use]
pub fn is_known_name(header: &str) -> bool {
    !targets_of_name(header).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(header: &str) -> Option<&'static str> {
        targets_of_name(header).first().map(|(target, _)| target.name())
    }

    #[test]
    fn columns_are_known_by_the_names_that_people_give_them() {
        for (header, name) in [
            ("carat", "carat"),
            ("Carat Weight", "carat"),
            ("weight", "carat"),
            ("carat (ct)", "carat"),
            ("COLOUR", "color"),
            ("Cut Grade", "cut"),
            ("depth %", "depth"),
            ("table %", "table"),
            ("Table%", "table"),
            ("Cert#", "certificate"),
            ("Total Depth", "depth"),
            ("x (mm)", "x"),
            ("Length", "x"),
            ("price (USD)", "price"),
            ("Total Price", "price"),
            ("rapnet price", "price_per_carat"),
            ("$/ct", "price_per_carat"),
            ("Price/Ct", "price_per_carat"),
            ("certificate #", "certificate"),
            ("stock #", "stock_number"),
            ("Measurements", "measurements"),
        ] {
            assert_eq!(first(header), Some(name), "{header}");
        }
        for header in [
            "polish",
            "sym",
            "girdle",
            "rap%",
            "rap-price",
            "lw_ratio",
            "Unnamed: 0",
            "",
            "fluorescence",
            "Crown Height",
        ] {
            assert_eq!(first(header), None, "{header}");
        }
    }

    #[test]
    fn every_name_is_of_one_target() {
        let mut names: Vec<String> = Target::all()
            .flat_map(|target| {
                target.synonyms().iter().map(|name| (*name).to_owned()).chain([target.name().to_owned()])
            })
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(Target::all().all(|target| Target::find(target.name()) == Some(target)));
    }
}
