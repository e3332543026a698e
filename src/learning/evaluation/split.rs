//! Which sales models are trained on, and which are held out.
//!
//! The sale's own values and a salt decide its side, not a random permutation: new data moves no old row,
//! and copies of a sale stay together.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::diamond::{FIELDS, Sale, Told};

/// A rule that assigns a fixed share of all possible sales to one side.
#[derive(Debug, Clone)]
pub struct Split {
    salt: String,
    share: f64,
}

impl Split {
    /// A rule that picks `share` (0 to 1) of the sales; another `salt` picks other sales.
    #[must_use]
    pub fn new(salt: impl Into<String>, share: f64) -> Self {
        Self { salt: salt.into(), share }
    }

    /// Whether `sale` is picked.
    #[must_use]
    pub fn picks(&self, sale: &Sale) -> bool {
        self.has(self.place_of(sale))
    }

    /// The place of `sale` between 0 and 1, which decides; it depends on the salt only, so that rules with the same salt pick
    /// parts of each other.
    #[must_use]
    pub fn place_of(&self, sale: &Sale) -> f64 {
        place_of(sale, &self.salt)
    }

    /// Whether sales at `place` are picked.
    #[must_use]
    pub fn has(&self, place: f64) -> bool {
        place < self.share
    }

    /// Splits `sales` into those not picked and those picked, each in the order given.
    #[must_use]
    pub fn part(&self, sales: &[Sale]) -> (Vec<Sale>, Vec<Sale>) {
        let (picked, rest) = sales.iter().partition(|sale| self.picks(sale));
        (rest, picked)
    }
}

/// The fields that decide the side of a sale, besides its price: the numbers first, then the grades. A field that is added to
/// [`FIELDS`] later does not belong here, or sales would change sides; see [`HASH_VERSION`].
const HASHED_NUMBERS: [&str; 6] = ["carat", "depth", "table", "x", "y", "z"];
const HASHED_GRADES: [&str; 3] = ["cut", "color", "clarity"];

/// Version of the hash; each file stores the version by which its sales are split. Another choice of fields or another hash is
/// another version, and existing files keep theirs.
pub const HASH_VERSION: u32 = 1;

/// Places of [`HASHED_NUMBERS`] and [`HASHED_GRADES`] among the fields.
static HASHED_PLACES: LazyLock<([usize; 6], [usize; 3])> = LazyLock::new(|| {
    let place = |name: &str| FIELDS.iter().position(|field| field.name == name).unwrap_or_default();
    (HASHED_NUMBERS.map(place), HASHED_GRADES.map(place))
});

/// A number in [0, 1) that is the same for the same sale and salt on every machine: the first 53 bits of a SHA-256 over the
/// salt, the numbers as little-endian f64 with the price last, and the names of the grades, each followed by a zero. Measures that
/// are not known count as those of a textbook stone, here alone: so each sale stays on its side.
fn place_of(sold: &Sale, salt: &str) -> f64 {
    let is_whole = sold.stone.told() == Told::Whole;
    let values = if is_whole { sold.stone.values() } else { sold.stone.with_usual_measures().values() };
    let (numbers, grades) = &*HASHED_PLACES;
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    for number in numbers.iter().filter_map(|place| values[*place]).chain([sold.price_usd]) {
        // adding 0.0 makes -0.0 and 0.0, which are equal, hash alike
        hash.update((number + 0.0).to_le_bytes());
    }
    for place in grades {
        hash.update(values[*place].map(|rank| FIELDS[*place].write(rank)).unwrap_or_default().as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    let share = (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{FieldValues, Stone};
    use crate::generator::Generator;

    fn sales(count: usize) -> Vec<Sale> {
        Generator::new(7).take(count).collect()
    }

    #[test]
    fn a_sale_stays_on_the_side_that_the_first_version_put_it_on() {
        let sale = Sale { stone: Stone::EXAMPLE, price_usd: 4_733.0, sold_on: None };
        // by Python's hashlib and struct, over the same bytes
        let expected = 0.352_895_363_843_972_7;
        assert!((place_of(&sale, "salt") - expected).abs() < 1e-15);
    }

    #[test]
    fn a_sale_whose_measures_are_not_known_stays_where_textbook_ones_put_it() {
        let whole = Sale { stone: Stone::EXAMPLE, price_usd: 4_733.0, sold_on: None };
        for left_out in 0_u32..32 {
            let mut values = whole.stone.values();
            for (place, value) in values[4..].iter_mut().enumerate() {
                *value = value.filter(|_| left_out & (1 << place) == 0);
            }
            let known = Stone::from_known_values(&values).expect("a stone");
            let before = values_with_textbook_measures(values);
            let place = |stone| place_of(&Sale { stone, ..whole }, "salt");
            assert_eq!(place(known).to_bits(), place(before).to_bits(), "{known:?}");
        }
    }

    /// The stone as it was read before measures could be unknown.
    fn values_with_textbook_measures([carat, cut, color, clarity, depth, table, x, y, z]: FieldValues) -> Stone {
        let x_mm = x.or(y).unwrap_or_else(|| 6.43 * carat.expect("a weight").cbrt());
        let y_mm = y.unwrap_or(x_mm);
        let depth = depth.or(z.map(|z| 200.0 * z / (x_mm + y_mm))).unwrap_or(61.8);
        let measures = [depth, table.unwrap_or(57.0), x_mm, y_mm, z.unwrap_or(depth * (x_mm + y_mm) / 200.0)].map(Some);
        let [depth, table, x, y, z] = measures;
        Stone::from_known_values(&[carat, cut, color, clarity, depth, table, x, y, z]).expect("a whole stone")
    }

    #[test]
    fn about_the_asked_share_is_picked() {
        let (rest, picked) = Split::new("salt", 0.2).part(&sales(5_000));
        assert_eq!(rest.len() + picked.len(), 5_000);
        assert!((900..1_100).contains(&picked.len()), "{}", picked.len());
    }

    #[test]
    fn fresh_sales_move_no_old_one() {
        let split = Split::new("salt", 0.2);
        let all = sales(2_000);
        let (_, before) = split.part(&all[..1_000]);
        let (_, after) = split.part(&all);
        assert_eq!(before[..], after[..before.len()]);
    }

    #[test]
    fn another_salt_picks_other_sales() {
        let all = sales(1_000);
        assert_ne!(Split::new("a", 0.2).part(&all).1, Split::new("b", 0.2).part(&all).1);
    }
}
