//! Made-up stones by which a model is tried where it was trained and again at home.

use crate::diamond::{Clarity, Color, Cut, Grade, Stone};
use crate::generator::Generator;

/// Which probes these are. Whoever changes them counts on: a model that was tried on others cannot be checked here.
pub const PROBE_SET: u32 = 1;
/// Their number.
const COUNT: u32 = 256;
/// Seed of their measures: the same probes everywhere.
const SEED: u64 = 256;
/// The lightest and the heaviest, in carats.
const CARATS: [f64; 2] = [0.2, 5.0];

/// Made-up stones that reach every grade and weight; of a fourth of them only the four Cs are told, of another fourth no sizes.
pub fn probes() -> Vec<Stone> {
    let step = (CARATS[1] / CARATS[0]).powf(1.0 / f64::from(COUNT - 1));
    let probe = |(place, usual): (u32, Stone)| {
        let rank = place as usize;
        let weight_carat = CARATS[0] * step.powf(f64::from(place));
        let growth = (weight_carat / usual.weight_carat).cbrt();
        let [x_mm, y_mm, z_mm] = [usual.x_mm, usual.y_mm, usual.z_mm].map(|size| size * growth);
        let stone = Stone {
            weight_carat,
            cut: Cut::from_rank(rank % Cut::ALL.len()).unwrap_or(usual.cut),
            color: Color::from_rank(rank % Color::ALL.len()).unwrap_or(usual.color),
            clarity: Clarity::from_rank(rank % Clarity::ALL.len()).unwrap_or(usual.clarity),
            x_mm,
            y_mm,
            z_mm,
            ..usual
        };
        match place / 8 % 4 {
            0 => stone.with_four_cs_only(),
            1 => stone.without_sizes(),
            _ => stone,
        }
        .turned()
    };
    (0..COUNT).zip(Generator::new(SEED).map(|sale| sale.stone)).map(probe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Told;

    #[test]
    fn they_reach_every_grade_every_weight_and_every_kind_of_told() {
        let probes = probes();
        let count_of = |is_so: &dyn Fn(&Stone) -> bool| probes.iter().filter(|stone| is_so(stone)).count();
        for clarity in Clarity::ALL {
            for told in Told::ALL {
                assert!(count_of(&|stone| stone.clarity == *clarity && stone.told() == told) > 0, "{clarity} {told:?}");
            }
        }
        for color in Color::ALL {
            assert!(count_of(&|stone| stone.color == *color) > 30, "{color}");
        }
        assert!(count_of(&|stone| stone.weight_carat < 0.3) > 10 && count_of(&|stone| stone.weight_carat > 4.0) > 10);
    }
}
