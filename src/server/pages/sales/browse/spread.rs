//! Sales by grade: how many there are of each, and how their prices by weight are spread.

use super::asked::Asked;
use crate::diamond::Field;
use crate::server::pages::charts::axis::{LogAxis, Tick, percent_of};
use crate::server::pages::charts::sales_map::shade;
use crate::store::SalesOfGrade;
use crate::text::{count, dollars};
use crate::words::say;

/// Least distance of the labels of prices, in percent.
const LEAST_GAP: f64 = 18.0;

/// The grades of a scale, with how many sales each would show.
pub struct Facet {
    /// Name of the scale in addresses.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The grades, best first.
    pub grades: Vec<FacetGrade>,
}

/// A grade that can be chosen.
pub struct FacetGrade {
    pub name: &'static str,
    /// How many sales it has, with everything else that is chosen.
    pub count: String,
    /// Percent of the most that a grade of the scale has.
    pub share_percent: f64,
    pub is_chosen: bool,
}

/// How the prices a carat of each grade of a scale are spread.
pub struct SpreadTable {
    /// Name of the scale for people.
    pub label: &'static str,
    /// The grades that have sales, best first.
    pub rows: Vec<SpreadRow>,
    /// Where round prices are, in percent of the width.
    pub ticks: Vec<Tick>,
}

/// The prices of a grade.
pub struct SpreadRow {
    pub name: &'static str,
    /// For the colour of the grade.
    pub shade: usize,
    pub count: String,
    pub median: String,
    /// Where a tenth, a quarter, half, three quarters and nine tenths are below, in percent of the width.
    pub at: [f64; 5],
    pub words: String,
}

impl Facet {
    /// The grades of `scale`, of which `counted` have sales: rank and number.
    pub fn new(asked: &Asked, scale: &'static Field, counted: &[(usize, i64)]) -> Self {
        let most = counted.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
        let grade = |(rank, name): (usize, &'static str)| {
            let found = counted.iter().find(|(of, _)| *of == rank).map_or(0, |(_, count)| *count);
            #[expect(clippy::cast_precision_loss, reason = "for the length of a bar")]
            let share_percent = percent_of(found as f64, most as f64);
            FacetGrade { name, count: count(found), share_percent, is_chosen: asked.has_chosen(scale, name) }
        };
        let grades = scale.grades().iter().map(|grade| grade.name).enumerate().rev();
        Self { name: scale.name, label: scale.label, grades: grades.map(grade).collect() }
    }
}

impl SpreadTable {
    /// The grades of `scale` that `counted` names.
    pub fn new(scale: &'static Field, counted: &[SalesOfGrade]) -> Self {
        let least = counted.iter().map(|one| one.per_carat_usd[0]).fold(f64::INFINITY, f64::min);
        let most = counted.iter().map(|one| one.per_carat_usd[4]).fold(0.0, f64::max);
        let axis = LogAxis::over([least, most], (0.0, 100.0));
        let row = |one: &SalesOfGrade| {
            let name = scale.grades().get(one.rank).map_or("", |grade| grade.name);
            let [tenth, _, half, _, nine_tenths] = one.per_carat_usd.map(dollars);
            SpreadRow {
                name,
                shade: shade(one.rank, scale),
                count: count(one.count),
                words: say!("{}: half below {} a carat, eight in ten {} to {}", name, half, tenth, nine_tenths),
                median: half,
                at: one.per_carat_usd.map(|price| axis.as_ref().map_or(50.0, |axis| axis.place(price))),
            }
        };
        Self {
            label: scale.label,
            rows: counted.iter().rev().map(row).collect(),
            ticks: axis.map(|axis| axis.ticks(LEAST_GAP, dollars)).unwrap_or_default(),
        }
    }
}
