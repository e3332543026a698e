//! The sales of one combination of grades, sorted by weight.

use std::cmp::Ordering;

use crate::diamond::{Clarity, Color, Cut, Sale, Stone};

/// Parts of a carat, a percent and a millimetre in which values are kept: most files have two or three decimals.
const PARTS: f64 = 10_000.0;
const CENTS: f64 = 100.0;
/// Stands for a measure that was not told.
const NOT_TOLD: u32 = u32::MAX;
/// Weights are compared in millionths of a carat: 1.1 − 1.0 and 1.0 − 0.9 are equal differences, though not as floats.
const MICRO_CARATS_OF_A_PART: i64 = 100;

/// A sale in 28 bytes: whole numbers of small parts, from which its values come back bit by bit.
#[derive(Debug, Clone, Copy)]
struct PackedSale {
    carat: u32,
    depth: u32,
    table: u32,
    x: u32,
    y: u32,
    z: u32,
    cents: u32,
}

impl PackedSale {
    /// `None` if a value has too many decimals or is too large.
    fn of(sale: &Sale) -> Option<Self> {
        let stone = &sale.stone;
        Some(Self {
            carat: whole(stone.weight_carat, PARTS)?,
            depth: measure(stone.depth_percent)?,
            table: measure(stone.table_percent)?,
            x: measure(stone.x_mm)?,
            y: measure(stone.y_mm)?,
            z: measure(stone.z_mm)?,
            cents: whole(sale.price_usd, CENTS)?,
        })
    }

    fn sale(self, (cut, color, clarity): Grades) -> Sale {
        let value = |parts: u32| if parts == NOT_TOLD { f64::NAN } else { f64::from(parts) / PARTS };
        Sale {
            stone: Stone {
                weight_carat: value(self.carat),
                cut,
                color,
                clarity,
                depth_percent: value(self.depth),
                table_percent: value(self.table),
                x_mm: value(self.x),
                y_mm: value(self.y),
                z_mm: value(self.z),
            },
            price_usd: f64::from(self.cents) / CENTS,
            sold_on: None,
        }
    }
}

/// `value` in parts, if it is a whole number of them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number was checked")]
#[expect(clippy::float_cmp, reason = "only values that come back bit by bit")]
fn whole(value: f64, parts: f64) -> Option<u32> {
    let number = (value * parts).round();
    let fits = (0.0..f64::from(NOT_TOLD)).contains(&number) && number / parts == value;
    fits.then_some(number as u32)
}

/// As [`whole`], in the parts of a measure, which may be one that was not told.
fn measure(value: f64) -> Option<u32> {
    if value.is_nan() { Some(NOT_TOLD) } else { whole(value, PARTS) }
}

/// Cut, colour and clarity.
pub(super) type Grades = (Cut, Color, Clarity);

/// The sales of one combination of grades: by weight, then price, then age.
#[derive(Debug, Clone)]
pub struct Group {
    grades: Grades,
    sales: Sales,
}

#[derive(Debug, Clone)]
enum Sales {
    Packed(Vec<PackedSale>),
    /// A value of one of them does not fit into the packed form.
    Whole(Vec<Sale>),
}

impl Group {
    /// A group without sales, and with room for `count`.
    pub(super) fn with_room_for(grades: Grades, count: usize) -> Self {
        Self { grades, sales: Sales::Packed(Vec::with_capacity(count)) }
    }

    /// Adds a sale of its grades. Sales come in order of age; after the last one, [`Group::sort`] is called.
    pub(super) fn add(&mut self, sale: &Sale) {
        match (&mut self.sales, PackedSale::of(sale)) {
            (Sales::Packed(sales), Some(packed)) => sales.push(packed),
            (Sales::Packed(packed), None) => {
                let mut sales: Vec<Sale> = packed.iter().map(|one| one.sale(self.grades)).collect();
                sales.push(*sale);
                self.sales = Sales::Whole(sales);
            }
            (Sales::Whole(sales), _) => sales.push(*sale),
        }
    }

    /// Sorts the sales; equal ones stay in order of age.
    pub(super) fn sort(&mut self) {
        match &mut self.sales {
            Sales::Packed(sales) => {
                sales.sort_by_key(|one| (one.carat, one.cents));
                sales.shrink_to_fit();
            }
            Sales::Whole(sales) => {
                sales.sort_by(|a, b| {
                    micro_carat(a.stone.weight_carat)
                        .cmp(&micro_carat(b.stone.weight_carat))
                        .then(a.price_usd.total_cmp(&b.price_usd))
                });
                sales.shrink_to_fit();
            }
        }
    }

    /// Number of sales.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.sales {
            Sales::Packed(sales) => sales.len(),
            Sales::Whole(sales) => sales.len(),
        }
    }

    /// Memory of the sales, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match &self.sales {
            Sales::Packed(sales) => size_of_val(&sales[..]),
            Sales::Whole(sales) => size_of_val(&sales[..]),
        }
    }

    fn sale(&self, place: usize) -> Sale {
        match &self.sales {
            Sales::Packed(sales) => sales[place].sale(self.grades),
            Sales::Whole(sales) => sales[place],
        }
    }

    fn micro_carat(&self, place: usize) -> i64 {
        match &self.sales {
            Sales::Packed(sales) => i64::from(sales[place].carat) * MICRO_CARATS_OF_A_PART,
            Sales::Whole(sales) => micro_carat(sales[place].stone.weight_carat),
        }
    }

    fn price_usd(&self, place: usize) -> f64 {
        match &self.sales {
            Sales::Packed(sales) => f64::from(sales[place].cents) / CENTS,
            Sales::Whole(sales) => sales[place].price_usd,
        }
    }

    /// How many sales are lighter than `carat`.
    pub(in crate::pricing) fn lighter_than(&self, carat: f64) -> usize {
        match &self.sales {
            Sales::Packed(sales) => sales.partition_point(|one| f64::from(one.carat) / PARTS < carat),
            Sales::Whole(sales) => sales.partition_point(|one| one.stone.weight_carat < carat),
        }
    }

    /// The `n` sales nearest to `carat`, each with the difference of its weight in millionths of a carat; the nearest first, of
    /// two equally near the cheaper.
    pub(in crate::pricing) fn nearest(&self, carat: f64, n: usize) -> Vec<(i64, Sale)> {
        let wanted = micro_carat(carat);
        let distance = |place: usize| (self.micro_carat(place) - wanted).abs();
        let mut right = match &self.sales {
            Sales::Packed(sales) => sales.partition_point(|one| i64::from(one.carat) * MICRO_CARATS_OF_A_PART < wanted),
            Sales::Whole(sales) => sales.partition_point(|one| micro_carat(one.stone.weight_carat) < wanted),
        };
        let mut left = right;
        let mut found: Vec<(i64, usize)> = Vec::with_capacity(n.min(self.count()));
        let mut farthest = 0;
        loop {
            let below = left.checked_sub(1).map(|place| (distance(place), place));
            let above = (right < self.count()).then(|| (distance(right), right));
            let (next, place) = match (below, above) {
                (Some(below), Some(above)) => {
                    if below.0 <= above.0 {
                        below
                    } else {
                        above
                    }
                }
                (Some(only), None) | (None, Some(only)) => only,
                (None, None) => break,
            };
            // beyond `n`, all stones as near as the last one are collected: the cheaper ones come first
            if found.len() >= n && next > farthest {
                break;
            }
            farthest = next;
            found.push((next, place));
            if place < left { left = place } else { right = place + 1 }
        }
        found.sort_by(|(distance_a, a), (distance_b, b)| {
            distance_a
                .cmp(distance_b)
                .then_with(|| self.price_usd(*a).partial_cmp(&self.price_usd(*b)).unwrap_or(Ordering::Equal))
                .then(a.cmp(b))
        });
        found.truncate(n);
        found.into_iter().map(|(distance, place)| (distance, self.sale(place))).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "weights are below a thousand carats")]
pub(super) fn micro_carat(carat: f64) -> i64 {
    (carat * 1e6).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "weights are below a thousand carats")]
pub(super) fn from_micro_carat(micro: i64) -> f64 {
    micro as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn sales_come_back_bit_by_bit_packed_or_whole() {
        let grades = (Cut::Ideal, Color::G, Clarity::VS2);
        let mut sales: Vec<Sale> = Generator::new(2).take(200).collect();
        for sale in &mut sales {
            (sale.stone.cut, sale.stone.color, sale.stone.clarity) = grades;
        }
        sales[50].stone = sales[50].stone.without_sizes();
        sales[60].stone = sales[60].stone.with_four_cs_only();
        for odd in [None, Some(0.123_456_789)] {
            sales[100].stone.weight_carat = odd.unwrap_or(sales[100].stone.weight_carat);
            let mut group = Group::with_room_for(grades, 0);
            for sale in &sales {
                group.add(sale);
            }
            group.sort();
            assert_eq!(matches!(group.sales, Sales::Packed(_)), odd.is_none());
            let mut expected = sales.clone();
            expected.sort_by(|a, b| {
                a.stone.weight_carat.total_cmp(&b.stone.weight_carat).then(a.price_usd.total_cmp(&b.price_usd))
            });
            let values = |sale: &Sale| (sale.stone.values(), sale.price_usd);
            let found: Vec<_> = (0..group.count()).map(|place| values(&group.sale(place))).collect();
            assert_eq!(found, expected.iter().map(values).collect::<Vec<_>>());
        }
    }
}
