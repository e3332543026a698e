//! Fits boosted trees with the XGBoost library.

use xgboost::parameters::BoosterParameters;
use xgboost::{Booster, DMatrix};

use super::settings::{Base, Settings, TARGET, features};
use super::trend::Trend;
use super::{FamilyError, TARGET_ATTRIBUTE, TREND_ATTRIBUTE, unfit};
use crate::diamond::Sale;
use crate::learning::features::encode_f32;

/// The fitted value that the trees of a model start from.
pub enum Start {
    /// The mean of the target.
    Mean(f64),
    /// A value of the target for each stone.
    Trend(Trend),
}

impl Start {
    pub fn fit(sales: &[Sale], settings: &Settings) -> Result<Self, FamilyError> {
        Ok(match settings.base {
            Base::Mean => {
                #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
                let count = sales.len() as f64;
                Self::Mean(sales.iter().map(|sale| TARGET.from_price(sale.price_usd)).sum::<f64>() / count)
            }
            Base::Trend => Self::Trend(Trend::fit(sales)?),
        })
    }

    /// The base score for the library; a trend is given to it row by row instead.
    fn base_score(&self) -> f64 {
        match self {
            Self::Mean(mean) => *mean,
            Self::Trend(_) => 0.0,
        }
    }
}

/// Sales in the library's format.
pub struct Matrix {
    pub rows: DMatrix,
}

impl Matrix {
    /// Encodes `sales`: shape `(n_sales, n_features)`, labelled with the target.
    pub fn new(sales: &[Sale], start: &Start) -> Result<Self, FamilyError> {
        let failed = |error: xgboost::XGBError| unfit(sales.len(), &error);
        let mut rows = DMatrix::from_dense(&encode_f32(&features(), sales.iter().map(|sale| &sale.stone)), sales.len())
            .map_err(failed)?;
        #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
        let labels = single(sales.iter().map(|sale| TARGET.from_price(sale.price_usd)).collect());
        rows.set_labels(&labels).map_err(failed)?;
        if let Start::Trend(trend) = start {
            let margins = single(sales.iter().map(|sale| trend.log_price(&sale.stone)).collect());
            rows.set_base_margin(&margins).map_err(failed)?;
        }
        Ok(Self { rows })
    }
}

/// A model that grows tree by tree.
pub struct Growing<'a> {
    booster: Booster,
    train: &'a Matrix,
    trees: i32,
    rows: usize,
}

impl<'a> Growing<'a> {
    /// A model without trees. The library caches its predictions for `also` while it grows.
    pub fn new(
        train: &'a Matrix,
        also: &[&DMatrix],
        start: &Start,
        settings: &Settings,
        seed: u64,
    ) -> Result<Self, FamilyError> {
        let rows = train.rows.num_rows();
        let cached: Vec<&DMatrix> = [&train.rows].into_iter().chain(also.iter().copied()).collect();
        let mut booster = Booster::new_with_cached_dmats(&BoosterParameters::default(), &cached)
            .map_err(|error| unfit(rows, &error))?;
        for (name, value) in settings.to_parameters(seed) {
            booster.set_param(name, &value).map_err(|error| unfit(rows, &error))?;
        }
        booster.set_param("base_score", &start.base_score().to_string()).map_err(|error| unfit(rows, &error))?;
        Ok(Self { booster, train, trees: 0, rows })
    }

    /// Adds one tree.
    pub fn grow(&mut self) -> Result<(), FamilyError> {
        self.booster.update(&self.train.rows, self.trees).map_err(|error| unfit(self.rows, &error))?;
        self.trees += 1;
        Ok(())
    }

    /// The prediction for each of `rows` so far, in the target's unit.
    pub fn predict(&self, rows: &DMatrix) -> Result<Vec<f32>, FamilyError> {
        self.booster.predict_margin(rows).map_err(|error| unfit(self.rows, &error))
    }
}

/// Fits a model with `settings` to `sales` and returns its bytes: XGBoost's JSON, with the target and the trend as
/// attributes.
pub fn train(sales: &[Sale], settings: &Settings, seed: u64) -> Result<Vec<u8>, FamilyError> {
    let failed = |error: xgboost::XGBError| unfit(sales.len(), &error);
    let start = Start::fit(sales, settings)?;
    let matrix = Matrix::new(sales, &start)?;
    let mut growing = Growing::new(&matrix, &[], &start, settings, seed)?;
    for _ in 0..settings.n_estimators {
        growing.grow()?;
    }
    let mut booster = growing.booster;
    let names: Vec<String> = features().iter().map(|feature| feature.name()).collect();
    booster.set_feature_names(&names.iter().map(String::as_str).collect()).map_err(failed)?;
    booster.set_attribute(TARGET_ATTRIBUTE, TARGET.name()).map_err(failed)?;
    if let Start::Trend(trend) = &start {
        let text = serde_json::to_string(trend).map_err(|error| unfit(sales.len(), &error))?;
        booster.set_attribute(TREND_ATTRIBUTE, &text).map_err(failed)?;
    }
    booster.save_buffer(false).map_err(failed)
}
