//! A map of sales: price against weight, both by their logarithm. A few are dots, each of which leads to its stone; many are the cells
//! of a grid, each of which leads to its sales. The colour is that of a grade.

use super::axis::{LogAxis, Tick, hundredths};
use crate::diamond::Field;
use crate::store::{ListedSale, SaleGrid, SalesOfCell};
use crate::text::{count, decimals, dollars, plain};
use crate::words::{say, translate};

/// Height of the drawing in pixels. Widths are in percent, so that text keeps its size on a phone.
pub const HEIGHT: f64 = 380.0;
/// Space for the labels of the weights, and above the highest price, in pixels.
const BOTTOM: f64 = 36.0;
const TOP: f64 = 8.0;
/// Least distance of the labels of weights, in percent, and of prices, in pixels.
const CARAT_GAP: f64 = 9.0;
const PRICE_GAP: f64 = 20.0;
/// Colours that a scale has.
const SHADES: usize = 8;
/// How opaque a cell with a single sale is.
const FAINTEST: f64 = 0.25;

/// The layout of the map; the template only draws.
pub struct SalesMap {
    pub carats: Vec<Tick>,
    pub prices: Vec<Tick>,
    pub dots: Vec<Dot>,
    pub cells: Vec<Cell>,
    /// What the colours stand for, best first.
    pub key: Vec<(&'static str, usize)>,
    /// Description in words.
    pub words: String,
}

/// One sale.
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub shade: usize,
    pub address: String,
    pub words: String,
}

/// The sales in one cell.
pub struct Cell {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    pub shade: usize,
    pub opacity: f64,
    pub address: String,
    pub words: String,
}

/// The colour of a grade, from 0 for the worst of its scale to 7 for the best.
pub fn shade(rank: usize, scale: &Field) -> usize {
    rank * (SHADES - 1) / scale.grades().len().saturating_sub(1).max(1)
}

/// The axes of a map.
struct Axes {
    carat: LogAxis,
    price: LogAxis,
}

impl Axes {
    fn over(grid: &SaleGrid) -> Option<Self> {
        Some(Self {
            carat: LogAxis::over(grid.carat, (0.0, 100.0))?,
            price: LogAxis::over(grid.price_usd, (HEIGHT - BOTTOM, TOP))?,
        })
    }
}

impl SalesMap {
    /// Each of `sales` as a dot in the colour of its grade on `scale`; `address` is where it leads.
    pub fn of_sales(
        sales: &[ListedSale],
        grid: &SaleGrid,
        scale: &'static Field,
        address: impl Fn(&ListedSale) -> String,
    ) -> Self {
        let mut map = Self::empty(grid, scale);
        let Some(axes) = Axes::over(grid) else { return map };
        let dot = |sale: &ListedSale| {
            let stone = &sale.stone;
            let rank = stone.values()[place_of(scale)].unwrap_or_default();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "ranks are small whole numbers"
            )]
            let rank = rank as usize;
            Dot {
                x: axes.carat.place(stone.carat),
                y: axes.price.place(sale.price_usd),
                shade: shade(rank, scale),
                address: address(sale),
                words: format!("{}: {}", crate::diamond::write_line(stone), dollars(sale.price_usd)),
            }
        };
        map.dots = sales.iter().map(dot).collect();
        map.words = say!(
            "Price against weight of {} sales, each a dot, by {}.",
            sales.len(),
            translate(scale.label).to_string().to_lowercase()
        );
        map
    }

    /// The cells of `grid` that have sales, in the colour of their mean grade on `scale`; `address` gets the weights, in carats, and
    /// prices, in US dollars, between which a cell lies.
    pub fn of_cells(
        cells: &[SalesOfCell],
        grid: &SaleGrid,
        scale: &'static Field,
        address: impl Fn([f64; 2], [f64; 2]) -> String,
    ) -> Self {
        let mut map = Self::empty(grid, scale);
        let Some(axes) = Axes::over(grid) else { return map };
        let most = cells.iter().map(|cell| cell.count).max().unwrap_or(1);
        #[expect(clippy::cast_precision_loss, reason = "for a shade")]
        let weight = |count: i64| (count as f64).ln_1p() / (most as f64).ln_1p();
        let drawn = |cell: &SalesOfCell| {
            let [carat, price_usd] = grid.bounds(cell.column, cell.row);
            let [left, right] = carat.map(|value| axes.carat.place(value));
            let [bottom, top] = price_usd.map(|value| axes.price.place(value));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks are small")]
            let rank = cell.mean_rank.round() as usize;
            let grade = scale.grades().get(rank).map_or("", |grade| grade.name);
            Cell {
                x: left,
                y: top,
                width: hundredths(right - left),
                height: hundredths(bottom - top),
                shade: shade(rank, scale),
                opacity: hundredths(FAINTEST + (1.0 - FAINTEST) * weight(cell.count)),
                address: address(carat, price_usd),
                words: say!(
                    "{} to {} ct, {} to {}: {} sold, {} about {}",
                    decimals(carat[0], 2),
                    decimals(carat[1], 2),
                    dollars(price_usd[0]),
                    dollars(price_usd[1]),
                    count(cell.count),
                    translate(scale.label).to_string().to_lowercase(),
                    grade
                ),
            }
        };
        map.cells = cells.iter().map(drawn).collect();
        let all: i64 = cells.iter().map(|cell| cell.count).sum();
        map.words = say!(
            "Price against weight of {} sales in {} cells, the darker the more, by mean {}.",
            count(all),
            cells.len(),
            translate(scale.label).to_string().to_lowercase()
        );
        map
    }

    fn empty(grid: &SaleGrid, scale: &'static Field) -> Self {
        let axes = Axes::over(grid);
        let grades = scale.grades().iter().enumerate().rev();
        Self {
            carats: axes
                .as_ref()
                .map(|axes| axes.carat.ticks(CARAT_GAP, |value| format!("{} ct", plain(value))))
                .unwrap_or_default(),
            prices: axes.as_ref().map(|axes| axes.price.ticks(PRICE_GAP, dollars)).unwrap_or_default(),
            dots: Vec::new(),
            cells: Vec::new(),
            key: grades.map(|(rank, grade)| (grade.name, shade(rank, scale))).collect(),
            words: String::new(),
        }
    }
}

/// Place of a field in the values of a stone.
fn place_of(field: &Field) -> usize {
    crate::diamond::FIELDS.iter().position(|one| one.name == field.name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::FIELDS;

    #[test]
    fn cells_lie_side_by_side_and_lead_to_their_sales() {
        let color = &FIELDS[2];
        let grid = SaleGrid { carat: [0.2, 5.0], price_usd: [300.0, 20_000.0], cells: [4, 3] };
        let cell = |column, row, count| SalesOfCell { column, row, count, mean_rank: 6.0 };
        let map = SalesMap::of_cells(&[cell(0, 0, 1), cell(1, 0, 9), cell(3, 2, 900)], &grid, color, |carat, price| {
            format!("{:.2}-{:.2} {:.0}-{:.0}", carat[0], carat[1], price[0], price[1])
        });
        let [first, second, last] = map.cells.as_slice() else { panic!("three cells") };
        assert!((first.x + first.width - second.x).abs() < 0.02);
        assert!(first.opacity < second.opacity && second.opacity < last.opacity);
        assert_eq!((last.opacity.to_string(), last.shade), ("1".to_owned(), 7));
        assert_eq!(last.address, "2.24-5.00 4932-20000");
        assert_eq!(map.key.first().map(|(name, _)| *name), Some("D"));
        // a single price is a map as well
        let grid = SaleGrid { carat: [1.0, 1.0], price_usd: [500.0, 500.0], cells: [4, 3] };
        let map = SalesMap::of_cells(&[cell(0, 0, 1)], &grid, color, |_, _| String::new());
        assert!(map.cells[0].x.is_finite() && map.cells[0].width >= 0.0);
    }
}
