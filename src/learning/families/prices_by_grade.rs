//! The prices of one stone with every colour and clarity.

use crate::diamond::{Clarity, Color, Grade, Stone};

/// Number of colours.
pub const COLORS: usize = 7;
/// Number of clarities.
pub const CLARITIES: usize = 8;
/// Number of pairs of a colour and a clarity.
pub const CELLS: usize = COLORS * CLARITIES;
/// The least price whose logarithm is kept, in US dollars: a model that goes below zero has no price there.
const LEAST_PRICE_USD: f64 = 1e-6;

/// A set of pairs of a colour and a clarity: a bit for each, in the order of [`PricesByGrade`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GradeSet(pub u64);

impl GradeSet {
    /// Every pair.
    pub const ALL: Self = Self((1 << CELLS) - 1);

    /// The pairs on which the price of these grades depends that [`PricesByGrade::in_order`] gives: those of which neither grade is
    /// better, and those of which neither is worse.
    #[must_use]
    pub fn comparable(color: Color, clarity: Clarity) -> Self {
        let row_of_worse = (2 << clarity.rank()) - 1;
        let row_of_better = ((1 << CLARITIES) - 1) & !((1 << clarity.rank()) - 1);
        let set = (0..COLORS).fold(0_u64, |set, row| {
            let worse = if row <= color.rank() { row_of_worse } else { 0 };
            let better = if row >= color.rank() { row_of_better } else { 0 };
            set | (worse | better) << (row * CLARITIES)
        });
        Self(set)
    }

    /// Whether it has the pair at `place`.
    #[must_use]
    pub fn has(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }
}

/// Natural logarithms of the prices of a stone in US dollars with each colour and each clarity, all else equal: shape
/// `(COLORS, CLARITIES)`, row after row, the worst grades first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PricesByGrade(pub [f64; CELLS]);

impl PricesByGrade {
    /// The place of the price for these grades.
    #[must_use]
    pub fn place(color: Color, clarity: Clarity) -> usize {
        color.rank() * CLARITIES + clarity.rank()
    }

    /// `stone` with the grades of each place.
    pub fn stones(stone: &Stone) -> impl Iterator<Item = Stone> {
        let stone = *stone;
        Color::ALL.iter().flat_map(move |color| {
            Clarity::ALL.iter().map(move |clarity| Stone { color: *color, clarity: *clarity, ..stone })
        })
    }

    /// The prices that `price_usd` gives, which is called once for each place in `wanted`; others are no numbers.
    pub fn of(stone: &Stone, wanted: GradeSet, price_usd: impl Fn(&Stone) -> f64) -> Self {
        let mut prices = [f64::NAN; CELLS];
        for (place, stone) in Self::stones(stone).enumerate().filter(|(place, _)| wanted.has(*place)) {
            prices[place] = price_usd(&stone).max(LEAST_PRICE_USD).ln();
        }
        Self(prices)
    }

    /// The one of [`PricesByGrade::monotone`] with these grades: the same bits. Only prices of comparable grades are looked at.
    #[must_use]
    pub fn in_order(&self, color: Color, clarity: Clarity) -> f64 {
        let (mut greatest, mut least) = (f64::NEG_INFINITY, f64::INFINITY);
        for (place, price) in self.0.iter().enumerate() {
            let (row, column) = (place / CLARITIES, place % CLARITIES);
            if row <= color.rank() && column <= clarity.rank() {
                greatest = greatest.max(*price);
            }
            if row >= color.rank() && column >= clarity.rank() {
                least = least.min(*price);
            }
        }
        f64::midpoint(greatest, least)
    }

    /// The price in US dollars of the stone with these grades.
    #[must_use]
    pub fn price_usd(&self, color: Color, clarity: Clarity) -> f64 {
        self.0[Self::place(color, clarity)].exp()
    }

    /// These prices, changed where a better grade costs less: the mean of the running maximum from below and the running minimum
    /// from above. Both never fall along either scale, and so does their mean; prices in order stay as they are.
    #[must_use]
    pub fn monotone(&self) -> Self {
        self.running_maximum().middle(&self.running_minimum())
    }

    /// For each place the greatest price of grades that are not better.
    #[must_use]
    pub fn running_maximum(mut self) -> Self {
        let prices = &mut self.0;
        for place in 0..CELLS {
            if place % CLARITIES > 0 {
                prices[place] = prices[place].max(prices[place - 1]);
            }
            if place >= CLARITIES {
                prices[place] = prices[place].max(prices[place - CLARITIES]);
            }
        }
        self
    }

    /// For each place the least price of grades that are not worse.
    #[must_use]
    pub fn running_minimum(mut self) -> Self {
        let prices = &mut self.0;
        for place in (0..CELLS).rev() {
            if place % CLARITIES < CLARITIES - 1 {
                prices[place] = prices[place].min(prices[place + 1]);
            }
            if place < CELLS - CLARITIES {
                prices[place] = prices[place].min(prices[place + CLARITIES]);
            }
        }
        self
    }

    /// The mean of these and `others`, place by place.
    #[must_use]
    pub fn middle(&self, others: &Self) -> Self {
        Self(std::array::from_fn(|place| f64::midpoint(self.0[place], others.0[place])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_in_order_stay_and_others_meet_in_the_middle() {
        let stone = Stone::EXAMPLE;
        let by_ranks = PricesByGrade::of(&stone, GradeSet::ALL, |stone| {
            let [color, clarity] =
                [stone.color.rank(), stone.clarity.rank()].map(|rank| u8::try_from(rank).expect("small"));
            f64::from(100 + 10 * color + clarity)
        });
        assert_eq!(by_ranks.monotone(), by_ranks);
        let mut fallen = by_ranks;
        let place = PricesByGrade::place(Color::G, Clarity::VS2);
        fallen.0[place] = 90.0_f64.ln();
        let mended = fallen.monotone();
        assert!(mended.0.chunks(CLARITIES).all(|row| row.windows(2).all(|pair| pair[0] <= pair[1])));
        assert!((0..CELLS - CLARITIES).all(|place| mended.0[place] <= mended.0[place + CLARITIES]));
        let usual = by_ranks.0[place - 1].max(by_ranks.0[place - CLARITIES]);
        assert!((mended.0[place] - f64::midpoint(usual, fallen.0[place])).abs() < 1e-12, "the middle of both");
        assert_eq!(mended.0[CELLS - 1].to_bits(), by_ranks.0[CELLS - 1].to_bits(), "far from it nothing changes");
    }

    #[test]
    fn the_price_of_some_grades_needs_comparable_ones_only() {
        let price = |stone: &Stone| {
            let ranks = (31 * stone.color.rank() + 17 * stone.clarity.rank()) % 23;
            100.0 + f64::from(u8::try_from(ranks).expect("small"))
        };
        let all = PricesByGrade::of(&Stone::EXAMPLE, GradeSet::ALL, price);
        assert_ne!(all.monotone(), all);
        let mut sizes = 0;
        for color in Color::ALL.iter().copied() {
            for clarity in Clarity::ALL.iter().copied() {
                let wanted = GradeSet::comparable(color, clarity);
                let some = PricesByGrade::of(&Stone::EXAMPLE, wanted, price).in_order(color, clarity);
                let expected = all.monotone().0[PricesByGrade::place(color, clarity)];
                assert_eq!(some.to_bits(), expected.to_bits(), "{color} {clarity}");
                sizes += wanted.0.count_ones();
            }
        }
        assert_eq!(sizes, 2 * 28 * 36 - 56, "each pair of comparable grades, both ways, and a grade with itself once");
    }
}
