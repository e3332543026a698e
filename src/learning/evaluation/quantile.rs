//! Quantiles of numbers.

/// The value at `share` (0 to 1) of the sorted `values`: that of the place ⌊n · share⌋ of
/// 0 to n − 1, without interpolation. The median is at 0.5. Reorders `values`; `None` if there are none.
pub fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts stay far below 2^52, and negative shares become 0"
    )]
    // a little more, so that 10 · 0.3 is 3
    let place = (values.len() as f64 * share + 1e-9) as usize;
    Some(*values.select_nth_unstable_by(place.min(last), f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_counted_by_hand() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        for (share, expected) in [(0.0, 0.0), (0.05, 5.0), (0.29, 29.0), (0.5, 50.0), (0.99, 99.0), (1.0, 99.0)] {
            assert_eq!(quantile(&mut values, share), Some(expected), "{share}");
        }
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
