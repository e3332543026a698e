//! The contribution of each feature of a stone to a prediction.
//!
//! Shapley values (Shapley, "A value for n-person games", 1953; Lundberg and Lee, "A unified approach to interpreting model
//! predictions", 2017): the only way to divide a prediction among the features so that the shares add up to it, features
//! without influence get nothing, and features with the same influence get the same.

use super::Model;
use crate::diamond::{FIELD_COUNT, FIELDS, FieldValues, Stone};
use crate::learning::features::{Feature, Target};

/// A prediction, divided among the features of a stone.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// The unit of the numbers: prices in US dollars, or their natural logarithms.
    pub target: Target,
    /// The prediction without any knowledge of the stone.
    pub base: f64,
    /// The contribution of each feature. The name is that of the feature, or of the scale whose grades are columns.
    pub of: Vec<(&'static str, f64)>,
}

impl Contributions {
    /// Adds up the contributions of columns by feature: the columns of one scale become one, and so does a feature that two
    /// parts of a model use.
    #[must_use]
    pub fn join(target: Target, base: f64, columns: impl IntoIterator<Item = (Feature, f64)>) -> Self {
        let mut of: Vec<(&'static str, f64)> = Vec::new();
        for (feature, value) in columns {
            let name = feature.scale_or_name();
            match of.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += value,
                None => of.push((name, value)),
            }
        }
        Self { target, base, of }
    }

    /// The contributions to the logarithm of the price, for any model: the changes when features of the `typical` stone become
    /// those of `stone`, averaged over all orders of features (baseline Shapley values: Sundararajan and Najmi, "The many
    /// Shapley values for model explanation", 2020).
    #[must_use]
    pub fn between(model: &(impl Model + ?Sized), stone: &Stone, typical: &Stone) -> Self {
        let (ours, usual) = (stone.values(), typical.values());
        let shares = shapley::<FIELD_COUNT>(|known| {
            let mixed: FieldValues =
                std::array::from_fn(|place| if known >> place & 1 == 1 { ours[place] } else { usual[place] });
            Stone::from_values(&mixed).map_or(f64::NAN, |stone| model.price_usd(&stone).ln())
        });
        let of = FIELDS.iter().map(|field| field.name).zip(shares).collect();
        Self { target: Target::LogPrice, base: model.price_usd(typical).ln(), of }
    }

    /// The prediction for the stone.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.base + self.of.iter().map(|(_, value)| value).sum::<f64>()
    }
}

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

    #[test]
    fn columns_of_one_scale_are_joined() {
        use crate::diamond::Color;
        let columns = [(Feature::ColorIs(Color::G), 0.5), (Feature::Carat, 1.0), (Feature::ColorIs(Color::H), -0.2)];
        let joined = Contributions::join(Target::Price, 10.0, columns);
        assert_eq!(joined.of, [("color", 0.3), ("carat", 1.0)]);
        assert!((joined.total() - 11.3).abs() < 1e-12);
    }
}
