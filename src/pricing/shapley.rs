//! Divides a change among those who caused it.
//!
//! Shapley values (Shapley, "A value for n-person games", 1953): the only way to divide it so that the shares add up, those without
//! influence get nothing, and those with the same influence get the same.

/// The exact Shapley values of `N` players in the game whose coalitions are worth `worth`: bit `i` of its argument is set if
/// player `i` takes part. Calls it for each of the 2ᴺ coalitions once.
pub fn shapley<const N: usize>(worth: impl Fn(usize) -> f64) -> [f64; N] {
    let worths: Vec<f64> = (0..1_usize << N).map(worth).collect();
    // the probability that exactly this coalition of `size` others comes first, size! (N − size − 1)! / N!
    #[expect(clippy::cast_precision_loss, reason = "players are few")]
    let weights: [f64; N] = std::array::from_fn(|size| {
        let ways: f64 = (0..size).map(|k| (N - 1 - k) as f64 / (k + 1) as f64).product();
        1.0 / (N as f64 * ways)
    });
    std::array::from_fn(|player| {
        (0..1_usize << N)
            .filter(|coalition| coalition >> player & 1 == 0)
            .map(|coalition| {
                weights[coalition.count_ones() as usize] * (worths[coalition | 1 << player] - worths[coalition])
            })
            .sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_worked_out_by_hand() {
        // the glove game: players 0 and 1 have a left glove, player 2 a right one; a pair is worth 1
        let shares = shapley::<3>(|known| f64::from(u8::from(known & 0b100 != 0 && known & 0b011 != 0)));
        for (share, expected) in shares.into_iter().zip([1.0 / 6.0, 1.0 / 6.0, 4.0 / 6.0]) {
            assert!((share - expected).abs() < 1e-12, "{shares:?}");
        }
    }
}
