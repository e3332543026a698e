//! Parcels: what many stones come to together.

/// How alike the errors of two stones of one parcel are, as a correlation. Measured on real sales held out: see docs/quality.md.
const LIKENESS_OF_ERRORS: f64 = 0.02;

/// What many stones come to, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParcelTotal {
    /// How many stones are in it.
    pub stones: usize,
    /// Their weight in carats.
    pub carat: f64,
    /// The sum of their prices.
    pub price_usd: f64,
    /// The range that nine in ten such sums are in; `None` if a stone has none.
    pub range_usd: Option<[f64; 2]>,
}

impl ParcelTotal {
    /// The total of stones, each with its weight, its price and its range of nine in ten.
    ///
    /// Errors partly cancel: with half widths dᵢ and a correlation ρ of any two errors, the sum has a half width of
    /// √((1 − ρ) Σ dᵢ² + ρ (Σ dᵢ)²), the standard deviation of a sum of equally correlated terms, for each side of the range by itself.
    #[must_use]
    pub fn of(stones: impl IntoIterator<Item = (f64, f64, Option<[f64; 2]>)>) -> Self {
        let mut total = Self { stones: 0, carat: 0.0, price_usd: 0.0, range_usd: None };
        // sums of the half widths, and of their squares, below and above the prices
        let (mut sums, mut squares, mut has_ranges) = ([0.0_f64; 2], [0.0_f64; 2], true);
        for (carat, price_usd, range) in stones {
            total.stones += 1;
            total.carat += carat;
            total.price_usd += price_usd;
            let Some([low, high]) = range else {
                has_ranges = false;
                continue;
            };
            for (side, half) in [price_usd - low, high - price_usd].into_iter().enumerate() {
                sums[side] += half;
                squares[side] += half * half;
            }
        }
        let half = |side: usize| {
            ((1.0 - LIKENESS_OF_ERRORS) * squares[side] + LIKENESS_OF_ERRORS * sums[side] * sums[side]).sqrt()
        };
        if total.stones > 0 && has_ranges {
            total.range_usd = Some([total.price_usd - half(0), total.price_usd + half(1)]);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_one_stone_is_its_own_and_that_of_many_is_narrower_than_the_sum_of_theirs() {
        let stone = (1.0, 1_000.0, Some([800.0, 1_300.0]));
        let one = ParcelTotal::of([stone]);
        let [low, high] = one.range_usd.expect("a range");
        assert!((low - 800.0).abs() < 1e-9 && (high - 1_300.0).abs() < 1e-9);
        let many = ParcelTotal::of([stone; 100]);
        let [low, high] = many.range_usd.expect("a range");
        assert_eq!((many.stones, many.price_usd), (100, 100_000.0));
        // were all errors the same, it would be 80,000 to 130,000; were none alike, 98,000 to 103,000
        assert!(low > 80_000.0 && low < 98_000.0 && high < 130_000.0 && high > 103_000.0, "{low} {high}");
    }

    #[test]
    fn without_a_range_of_each_there_is_none_of_all() {
        let total = ParcelTotal::of([(1.0, 1_000.0, None), (0.5, 500.0, Some([400.0, 600.0]))]);
        assert_eq!((total.price_usd, total.carat, total.range_usd), (1_500.0, 1.5, None));
        assert_eq!(ParcelTotal::of([]).range_usd, None);
    }
}
