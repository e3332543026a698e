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

    /// The prices that `price_usd` gives, which is called once for each place.
    pub fn of(stone: &Stone, price_usd: impl Fn(&Stone) -> f64) -> Self {
        let mut prices = [0.0; CELLS];
        for (price, stone) in prices.iter_mut().zip(Self::stones(stone)) {
            *price = price_usd(&stone).max(LEAST_PRICE_USD).ln();
        }
        Self(prices)
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
        let by_ranks = PricesByGrade::of(&stone, |stone| {
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
}
