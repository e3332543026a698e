//! A model whose prices keep the promises, whatever its family does.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::FourCsTable;
use crate::diamond::{Sale, Stone, Told};
use crate::learning::families::{
    Family, FamilyError, FitPlan, Fitted, GradeSet, Model, PricesByGrade, SalesSource, Trial, decompress_artifact,
    find_family,
};
use crate::learning::features::{Feature, Target};

/// The weights of a table of a model that an earlier version stored, in carats.
const USUAL_CARATS: [f64; 2] = [0.2, 5.0];

/// A fitted model that keeps the promises, with what its family says of it: see [`Fitted`].
pub struct FittedPrices {
    /// The model that answers.
    pub prices: PromisedModel,
    /// The bytes from which the table of the four Cs can be read again.
    pub four_cs_table: Vec<u8>,
    /// The bytes from which the family can load its model again.
    pub bytes: Vec<u8>,
    /// The model's features, in order.
    pub features: Vec<Feature>,
    /// Its target.
    pub target: Target,
    /// The settings, for people.
    pub hyperparameters: Map<String, Value>,
    /// The trials of the tuning.
    pub trials: Vec<Trial>,
}

/// A model that keeps the promises.
pub struct PromisedModel {
    model: Box<dyn Model>,
    /// Worked out when it is first needed, if an earlier version stored the model.
    four_cs: OnceLock<FourCsTable>,
    /// What is added to the logarithm of every price.
    log_correction: f64,
}

/// Fits a model of `family` that keeps the promises.
///
/// # Errors
/// As [`Family::fit`].
pub fn fit_model(
    family: &dyn Family,
    sales: &dyn SalesSource,
    plan: &FitPlan<'_>,
) -> Result<FittedPrices, FamilyError> {
    let fitted = family.fit(&TurnedSales(sales), plan)?;
    promise(family, fitted, sales)
}

/// The promises around a model of `family` that was fitted elsewhere to `sales`.
///
/// # Errors
/// If the sales cannot be read.
pub fn promise(family: &dyn Family, fitted: Fitted, sales: &dyn SalesSource) -> Result<FittedPrices, FamilyError> {
    let Fitted { model, bytes, features, target, hyperparameters, trials } = fitted;
    let mut carats = [f64::INFINITY, 0.0_f64];
    sales.for_each_block(&mut |block| {
        for sale in block {
            let carat = sale.stone.weight_carat;
            carats = [carats[0].min(carat), carats[1].max(carat)];
        }
    })?;
    let table = FourCsTable::of(model.as_ref(), carats);
    let unstored = |error: std::io::Error| FamilyError::Unfit {
        family: family.name(),
        sales: sales.count(),
        reason: format!("its prices cannot be compressed: {error}"),
    };
    let four_cs_table = table.to_bytes().map_err(unstored)?;
    let prices = PromisedModel { model, four_cs: table.into(), log_correction: 0.0 };
    Ok(FittedPrices { prices, four_cs_table, bytes, features, target, hyperparameters, trials })
}

/// Loads a stored model: `artifact` is that of a model of the family called `family`, with the table that was stored with it, if
/// there is one.
///
/// # Errors
/// If there is no such family, or the bytes are not a model of it.
pub fn load_model(family: &str, artifact: &[u8], four_cs_table: Option<&[u8]>) -> Result<PromisedModel, FamilyError> {
    let family = find_family(family)?;
    let bytes = decompress_artifact(artifact)
        .map_err(|error| FamilyError::Unreadable { family: family.name(), reason: error.to_string() })?;
    let model = PromisedModel::new(family.load(&bytes)?);
    if let Some(bytes) = four_cs_table {
        let table = FourCsTable::from_bytes(bytes).ok_or_else(|| FamilyError::Unreadable {
            family: family.name(),
            reason: "its table of prices by the four Cs is damaged".to_owned(),
        })?;
        let _ = model.four_cs.set(table);
    }
    Ok(model)
}

impl PromisedModel {
    /// The promises around `model`.
    #[must_use]
    pub fn new(model: Box<dyn Model>) -> Self {
        Self { model, four_cs: OnceLock::new(), log_correction: 0.0 }
    }

    /// The same prices, higher by `share` of each.
    #[must_use]
    pub fn corrected_by(self, share: f64) -> Self {
        Self { log_correction: share.ln_1p(), ..self }
    }

    /// Price of a stone in US dollars. Measures that were not told are no numbers.
    #[must_use]
    pub fn price_usd(&self, stone: &Stone) -> f64 {
        let settled = stone.settled();
        let Stone { color, clarity, .. } = settled;
        let log_price = match settled.told() {
            Told::FourCs => {
                self.four_cs().prices(stone.cut, stone.weight_carat).0[PricesByGrade::place(color, clarity)]
            }
            Told::Whole | Told::Partly => {
                self.model.prices_by_grade(&settled, GradeSet::comparable(color, clarity)).in_order(color, clarity)
            }
        };
        (log_price + self.log_correction).exp()
    }

    /// Prices of many stones in US dollars, in their order: the same bits as one by one.
    #[must_use]
    pub fn prices_usd(&self, stones: &[Stone]) -> Vec<f64> {
        stones.iter().map(|stone| self.price_usd(stone)).collect()
    }

    /// The price in US dollars that the family says, in a fraction of the time, where a rough one is enough: a better colour or clarity
    /// may cost less.
    #[must_use]
    pub fn rough_price_usd(&self, stone: &Stone) -> f64 {
        let settled = stone.settled();
        match settled.told() {
            Told::FourCs => self.price_usd(&settled),
            Told::Whole | Told::Partly => self.model.price_usd(&settled) * self.log_correction.exp(),
        }
    }

    /// The prices of `stone` with each colour and clarity: its own grades do not matter.
    #[must_use]
    pub fn prices_by_grade(&self, stone: &Stone) -> PricesByGrade {
        let settled = stone.settled();
        let mut prices = match settled.told() {
            Told::FourCs => self.four_cs().prices(stone.cut, stone.weight_carat),
            Told::Whole | Told::Partly => self.model.prices_by_grade(&settled, GradeSet::ALL).monotone(),
        };
        prices.0.iter_mut().for_each(|log_price| *log_price += self.log_correction);
        prices
    }

    /// The prices of stones that are known by their four Cs.
    pub fn four_cs(&self) -> &FourCsTable {
        self.four_cs.get_or_init(|| FourCsTable::of(self.model.as_ref(), USUAL_CARATS))
    }
}

/// Sales of turned stones: which side somebody calls the length says nothing.
pub struct TurnedSales<'a>(pub &'a dyn SalesSource);

impl SalesSource for TurnedSales<'_> {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn for_each_block(&self, visit: &mut dyn FnMut(&[Sale])) -> Result<(), FamilyError> {
        let mut turned = Vec::new();
        self.0.for_each_block(&mut |block| {
            turned.clear();
            turned.extend(block.iter().map(|sale| Sale { stone: sale.stone.turned(), ..*sale }));
            visit(&turned);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::{Clarity, Color, Grade};
    use crate::generator::Generator;
    use crate::learning::families::{FAMILIES, SilentObserver, compress_artifact};

    const PLAN: FitPlan<'_> =
        FitPlan { seed: 7, trials: 2, threads: 2, budget: None, start: None, observer: &SilentObserver };

    /// A model of every family, and stones that it has not seen: whole, without sizes, with a side or the height alone, with
    /// their four Cs alone, and with sizes that contradict their weight.
    fn fitted_and_asked() -> (Vec<(&'static str, FittedPrices)>, Vec<Stone>) {
        let sales: Vec<Sale> = Generator::new(21).take(800).collect();
        let fit = |family: &&'static dyn Family| (family.name(), fit_model(*family, &sales, &PLAN).expect("a fit"));
        let whole: Vec<Stone> = Generator::new(22).take(150).map(|sale| sale.stone).collect();
        let less: [fn(Stone) -> Stone; 6] = [
            |stone| stone,
            Stone::without_sizes,
            |stone| Stone { y_mm: f64::NAN, ..stone },
            |stone| Stone { z_mm: f64::NAN, table_percent: f64::NAN, ..stone },
            Stone::with_four_cs_only,
            |stone| Stone { weight_carat: 1.4 * stone.weight_carat, ..stone },
        ];
        (
            FAMILIES.iter().map(fit).collect(),
            less.iter().flat_map(|less| whole.iter().map(|stone| less(*stone))).collect(),
        )
    }

    #[test]
    fn every_family_keeps_the_promises() {
        let (models, stones) = fitted_and_asked();
        for (family, FittedPrices { prices, .. }) in &models {
            for stone in &stones {
                let price_usd = prices.price_usd(stone);
                let other_side = Stone { x_mm: stone.y_mm, y_mm: stone.x_mm, ..*stone };
                assert_eq!(price_usd.to_bits(), prices.price_usd(&other_side).to_bits(), "{family}, turned: {stone:?}");
                if let Some(color) = Color::from_rank(stone.color.rank() + 1) {
                    let better_usd = prices.price_usd(&Stone { color, ..*stone });
                    assert!(better_usd >= price_usd, "{family}, a better colour: {stone:?}");
                }
                if let Some(clarity) = Clarity::from_rank(stone.clarity.rank() + 1) {
                    let better_usd = prices.price_usd(&Stone { clarity, ..*stone });
                    assert!(better_usd >= price_usd, "{family}, a better clarity: {stone:?}");
                }
                if stone.told() == Told::FourCs {
                    for more_carat in [0.001, 0.01, 0.3, 5.0] {
                        let heavier = Stone { weight_carat: stone.weight_carat + more_carat, ..*stone };
                        assert!(prices.price_usd(&heavier) >= price_usd, "{family}, {more_carat} ct more: {stone:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_stone_would_cost_with_other_grades_is_what_a_fresh_question_is_answered() {
        let (models, stones) = fitted_and_asked();
        for (family, FittedPrices { prices, .. }) in &models {
            for stone in &stones {
                let by_grade = prices.prices_by_grade(stone);
                for (color, clarity) in
                    [(stone.color, Clarity::VS1), (Color::G, stone.clarity), (Color::J, Clarity::IF)]
                {
                    let fresh_usd = prices.price_usd(&Stone { color, clarity, ..*stone });
                    let said_usd = by_grade.price_usd(color, clarity);
                    assert_eq!(said_usd.to_bits(), fresh_usd.to_bits(), "{family}, {color} {clarity}: {stone:?}");
                }
            }
        }
    }

    #[test]
    fn a_stored_model_answers_with_the_same_bits() {
        let (models, stones) = fitted_and_asked();
        for (family, FittedPrices { bytes, four_cs_table, prices, .. }) in &models {
            let artifact = compress_artifact(bytes).expect("compressed");
            let loaded = load_model(family, &artifact, Some(four_cs_table)).expect("its own bytes");
            let bits =
                |model: &PromisedModel| model.prices_usd(&stones).into_iter().map(f64::to_bits).collect::<Vec<_>>();
            assert!(bits(prices) == bits(&loaded), "{family}");
            assert!(load_model(family, &artifact, Some(b"no table")).is_err(), "{family}");
        }
    }
}
