//! Fits boosted trees with the XGBoost library.

use xgboost::parameters::BoosterParameters;
use xgboost::{Booster, DMatrix};

use super::settings::Settings;
use super::{FamilyError, TARGET_ATTRIBUTE, unfit};
use crate::diamond::Sale;
use crate::features::encode_f32;

/// Sales as the library takes them.
pub struct Matrix {
    pub rows: DMatrix,
    /// Mean of the target: what a model says before its first tree.
    base_score: f64,
}

impl Matrix {
    /// Encodes `sales` for `settings`: shape `(n_sales, n_features)`, labelled with the target.
    pub fn new(sales: &[Sale], settings: &Settings) -> Result<Self, FamilyError> {
        let failed = |error: xgboost::XGBError| unfit(sales.len(), &error);
        let features = settings.encoding.features();
        let labels: Vec<f64> = sales.iter().map(|sale| settings.target.from_price(sale.price_usd)).collect();
        let mut rows = DMatrix::from_dense(&encode_f32(&features, sales.iter().map(|sale| &sale.stone)), sales.len())
            .map_err(failed)?;
        #[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
        let labels_f32: Vec<f32> = labels.iter().map(|label| *label as f32).collect();
        rows.set_labels(&labels_f32).map_err(failed)?;
        #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
        let base_score = labels.iter().sum::<f64>() / labels.len() as f64;
        Ok(Self { rows, base_score })
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
    /// A model without trees. What `also` holds is predicted quickly while it grows.
    pub fn new(train: &'a Matrix, also: &[&DMatrix], settings: &Settings, seed: u64) -> Result<Self, FamilyError> {
        let rows = train.rows.num_rows();
        let cached: Vec<&DMatrix> = [&train.rows].into_iter().chain(also.iter().copied()).collect();
        let mut booster = Booster::new_with_cached_dmats(&BoosterParameters::default(), &cached)
            .map_err(|error| unfit(rows, &error))?;
        for (name, value) in settings.to_parameters(seed) {
            booster.set_param(name, &value).map_err(|error| unfit(rows, &error))?;
        }
        booster.set_param("base_score", &train.base_score.to_string()).map_err(|error| unfit(rows, &error))?;
        Ok(Self { booster, train, trees: 0, rows })
    }

    /// Adds one tree.
    pub fn grow(&mut self) -> Result<(), FamilyError> {
        self.booster.update(&self.train.rows, self.trees).map_err(|error| unfit(self.rows, &error))?;
        self.trees += 1;
        Ok(())
    }

    /// What the model says of each of `rows` so far, in the target's unit.
    pub fn predict(&self, rows: &DMatrix) -> Result<Vec<f32>, FamilyError> {
        self.booster.predict_margin(rows).map_err(|error| unfit(self.rows, &error))
    }
}

/// Fits a model with all of `settings` to `sales` and gives its bytes: XGBoost's JSON, with the target as an attribute.
pub fn train(sales: &[Sale], settings: &Settings, seed: u64) -> Result<Vec<u8>, FamilyError> {
    let failed = |error: xgboost::XGBError| unfit(sales.len(), &error);
    let matrix = Matrix::new(sales, settings)?;
    let mut growing = Growing::new(&matrix, &[], settings, seed)?;
    for _ in 0..settings.n_estimators {
        growing.grow()?;
    }
    let mut booster = growing.booster;
    let names: Vec<String> = settings.encoding.features().iter().map(|feature| feature.name()).collect();
    booster.set_feature_names(&names.iter().map(String::as_str).collect()).map_err(failed)?;
    booster.set_attribute(TARGET_ATTRIBUTE, settings.target.name()).map_err(failed)?;
    booster.save_buffer(false).map_err(failed)
}
