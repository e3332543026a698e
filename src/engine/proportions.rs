//! The shape that stones of a kind usually have.

use crate::diamond::{Cut, Grade, Sale, Stone};

/// Fewer stones than this say too little of their kind.
pub(super) const MIN_NEIGHBOURS: usize = 5;

/// Typical shape of a group of stones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Proportions {
    pub depth_percent: f64,
    pub table_percent: f64,
    /// Length in millimetres of a stone of one carat: lengths grow with the cube root of the weight.
    pub x_of_one_carat_mm: f64,
    /// Width over length.
    pub y_over_x: f64,
}

/// A brilliant of textbook shape, for when nothing was ever sold.
pub(super) const TEXTBOOK: Proportions =
    Proportions { depth_percent: 61.8, table_percent: 57.0, x_of_one_carat_mm: 6.43, y_over_x: 1.0 };

impl Proportions {
    /// The median of each proportion; `None` of no sales.
    pub fn median_of(sales: &[&Sale]) -> Option<Self> {
        let median = |measure: fn(&Stone) -> f64| {
            let mut values: Vec<f64> = sales.iter().map(|sale| measure(&sale.stone)).collect();
            let middle = values.len() / 2;
            (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
        };
        Some(Self {
            depth_percent: median(|stone| stone.depth_percent)?,
            table_percent: median(|stone| stone.table_percent)?,
            x_of_one_carat_mm: median(|stone| stone.x_mm / stone.weight_carat.cbrt())?,
            y_over_x: median(|stone| stone.y_mm / stone.x_mm)?,
        })
    }

    /// What is usual for each cut, worst first: of its stones, or of all stones where there are few of the cut.
    pub fn usual_by_cut(sales: &[Sale]) -> Vec<Self> {
        let all = Self::median_of(&sales.iter().collect::<Vec<_>>()).unwrap_or(TEXTBOOK);
        Cut::ALL
            .iter()
            .map(|cut| {
                let of_cut: Vec<&Sale> = sales.iter().filter(|sale| sale.stone.cut == *cut).collect();
                if of_cut.len() < MIN_NEIGHBOURS { all } else { Self::median_of(&of_cut).unwrap_or(all) }
            })
            .collect()
    }
}
