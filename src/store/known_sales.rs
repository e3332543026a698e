//! Tells which sales of a file the database has already.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use duckdb::Connection;
use twox_hash::XxHash3_128;

use super::StoreError;
use super::sales::for_each_sale_values;
use super::upload::CheckedSale;

/// A hash of a sale: two sales are the same if their stones' values and their prices are. Of 54 million sales, two different
/// ones are taken for the same with a probability below one in a trillion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    key: u64,
    check: u32,
}

impl Fingerprint {
    pub fn of(sale: &CheckedSale) -> Self {
        let mut bytes = [0; (crate::diamond::FIELD_COUNT + 1) * size_of::<u64>()];
        // no value of a sale is NaN: it stands for an unknown one
        let values = sale.values.iter().map(|value| value.unwrap_or(f64::NAN)).chain([sale.price_usd]);
        for (place, value) in bytes.chunks_exact_mut(size_of::<u64>()).zip(values) {
            place.copy_from_slice(&value.to_bits().to_le_bytes());
        }
        let hash = XxHash3_128::oneshot(&bytes);
        #[expect(clippy::cast_possible_truncation, reason = "parts of the hash")]
        Self { key: hash as u64, check: (hash >> 64) as u32 }
    }
}

/// The sales in the database, each with the number of its copies.
#[derive(Default)]
pub(super) struct KnownSales {
    copies: HashMap<u64, (u32, u32), BuildHasherDefault<IsHash>>,
    /// The copies of those whose key another sale has already.
    others: HashMap<(u64, u32), u32>,
}

impl KnownSales {
    /// The sales that `sql` selects: the columns of the field list, and the price.
    ///
    /// # Errors
    /// If the database fails.
    pub fn read(connection: &Connection, sql: &str, expected: usize) -> Result<Self, StoreError> {
        let mut known = Self::default();
        known.copies.reserve(expected);
        for_each_sale_values(connection, sql, &mut |values, price_usd| {
            known.add(Fingerprint::of(&CheckedSale { values, price_usd }));
        })?;
        Ok(known)
    }

    fn add(&mut self, Fingerprint { key, check }: Fingerprint) {
        match self.copies.get_mut(&key) {
            None => drop(self.copies.insert(key, (check, 1))),
            Some((known, copies)) if *known == check => *copies = copies.saturating_add(1),
            Some(_) => *self.others.entry((key, check)).or_default() += 1,
        }
    }

    /// Whether there is a copy of this sale that no earlier call has taken; then it is taken. So the database ends up with as
    /// many copies of a sale as the larger of the two numbers: that in the file, and that in the database before.
    pub fn take(&mut self, Fingerprint { key, check }: Fingerprint) -> bool {
        let copies = match self.copies.get_mut(&key) {
            None => return false,
            Some((known, copies)) if *known == check => Some(copies),
            Some(_) => self.others.get_mut(&(key, check)),
        };
        match copies {
            Some(copies) if *copies > 0 => {
                *copies -= 1;
                true
            }
            _ => false,
        }
    }
}

/// The hasher of numbers that are hashes already.
#[derive(Default)]
struct IsHash(u64);

impl Hasher for IsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_copies_are_known_as_were_added_also_of_sales_with_the_same_key() {
        let mut known = KnownSales::default();
        let [first, second, third] = [1, 2, 3].map(|check| Fingerprint { key: 7, check });
        for fingerprint in [first, second, first, second, second] {
            known.add(fingerprint);
        }
        let taken = |known: &mut KnownSales, one| (0..5).filter(|_| known.take(one)).count();
        assert_eq!([first, second, third].map(|one| taken(&mut known, one)), [2, 3, 0]);
    }

    #[test]
    fn fingerprints_differ_if_any_value_does() {
        let sale = CheckedSale { values: Default::default(), price_usd: 1.0 };
        let mut all = vec![Fingerprint::of(&sale), Fingerprint::of(&CheckedSale { price_usd: 2.0, ..sale })];
        for place in 0..sale.values.len() {
            for value in [0.0, 1.0] {
                let mut changed = sale;
                changed.values[place] = Some(value);
                all.push(Fingerprint::of(&changed));
            }
        }
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place}");
        }
    }
}
