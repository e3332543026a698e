//! The usual proportions of stones.

use crate::diamond::{
    Clarity, Color, Cut, Dimensions, Grade, Sale, Stone, StoneDescription, TEXTBOOK_DEPTH_PERCENT,
    TEXTBOOK_LENGTH_OF_ONE_CARAT_MM, TEXTBOOK_TABLE_PERCENT,
};
use crate::learning::evaluation::quantile;

/// Typical proportions of a group of stones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Proportions {
    pub depth_percent: f64,
    pub table_percent: f64,
    /// Length of a stone of one carat, in millimetres: lengths grow with the cube root of the weight.
    pub x_of_one_carat_mm: f64,
    /// Width over length.
    pub y_over_x: f64,
}

/// A brilliant of textbook proportions, if none was ever told.
pub(super) const TEXTBOOK: Proportions = Proportions {
    depth_percent: TEXTBOOK_DEPTH_PERCENT,
    table_percent: TEXTBOOK_TABLE_PERCENT,
    x_of_one_carat_mm: TEXTBOOK_LENGTH_OF_ONE_CARAT_MM,
    y_over_x: 1.0,
};

/// The typical stone of `sales`: of median weight and proportions, and of the most frequent grades. Without
/// sales, a common one.
pub(super) fn typical_of(sales: &[Sale]) -> Stone {
    let mut weights: Vec<f64> = sales.iter().map(|sale| sale.stone.weight_carat).collect();
    let weight_carat = quantile(&mut weights, 0.5).unwrap_or(0.7);
    let proportions = Proportions::median_of(sales);
    proportions.stone(
        weight_carat,
        most_frequent(sales, |stone| stone.cut).unwrap_or(Cut::Ideal),
        most_frequent(sales, |stone| stone.color).unwrap_or(Color::G),
        most_frequent(sales, |stone| stone.clarity).unwrap_or(Clarity::SI1),
    )
}

/// The grade of most of `sales`; of two equally frequent, the worse.
fn most_frequent<G: Grade>(sales: &[Sale], grade_of: fn(&Stone) -> G) -> Option<G> {
    let count = |grade: G| sales.iter().filter(|sale| grade_of(&sale.stone) == grade).count();
    (!sales.is_empty()).then(|| G::ALL.iter().rev().copied().max_by_key(|grade| count(*grade))).flatten()
}

impl Proportions {
    /// The median of each proportion among the sales that tell it; that of a textbook brilliant if none does.
    pub fn median_of(sales: &[Sale]) -> Self {
        let median = |measure: fn(&Stone) -> f64| {
            let values = sales.iter().map(|sale| measure(&sale.stone));
            quantile(&mut values.filter(|value| !value.is_nan()).collect::<Vec<f64>>(), 0.5)
        };
        Self {
            depth_percent: median(|stone| stone.depth_percent).unwrap_or(TEXTBOOK.depth_percent),
            table_percent: median(|stone| stone.table_percent).unwrap_or(TEXTBOOK.table_percent),
            x_of_one_carat_mm: median(|stone| stone.x_mm / stone.weight_carat.cbrt())
                .unwrap_or(TEXTBOOK.x_of_one_carat_mm),
            y_over_x: median(|stone| stone.y_mm / stone.x_mm).unwrap_or(TEXTBOOK.y_over_x),
        }
    }

    /// A stone of this weight and these grades, in these proportions.
    pub fn stone(self, weight_carat: f64, cut: Cut, color: Color, clarity: Clarity) -> Stone {
        let x_mm = self.x_of_one_carat_mm * weight_carat.cbrt();
        let y_mm = x_mm * self.y_over_x;
        StoneDescription::of_four_cs(weight_carat, cut, color, clarity).with_dimensions(Dimensions {
            depth_percent: self.depth_percent,
            table_percent: self.table_percent,
            x_mm,
            y_mm,
            z_mm: self.depth_percent * (x_mm + y_mm) / 200.0,
        })
    }
}
