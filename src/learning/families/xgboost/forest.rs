//! The forests of a model: each grows from another start, and the price is their mean, on the logarithm.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xgboost::parameters::BoosterParameters;
use xgboost::{Booster, DMatrix};

use super::settings::{Settings, TARGET, features};
use super::{FamilyError, unfit};
use crate::diamond::{Sale, Stone};
use crate::learning::features::{FOUR_CS, Trend};

/// A kind of forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// Trees that are added to the trend, and see every column.
    OnTrend,
    /// Trees that are added to the mean, and see every column.
    OnMean,
    /// Trees that are added to the mean, and see the four Cs and the trend.
    FourCs,
}

impl Member {
    /// Those of a model with such settings.
    pub fn all(four_cs_forest: bool) -> &'static [Self] {
        if four_cs_forest { &[Self::OnTrend, Self::OnMean, Self::FourCs] } else { &[Self::OnTrend, Self::OnMean] }
    }

    /// Its name outside of this program.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnTrend => "on_trend",
            Self::OnMean => "on_mean",
            Self::FourCs => "four_cs",
        }
    }

    /// The forest of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::OnTrend, Self::OnMean, Self::FourCs].into_iter().find(|member| member.name() == name)
    }

    /// The places of its columns among those of a model: its features, and last the trend.
    pub fn columns(self) -> Vec<usize> {
        let features = features();
        let places = 0..features.len();
        match self {
            Self::OnTrend | Self::OnMean => places.collect(),
            Self::FourCs => {
                places.filter(|place| FOUR_CS.contains(&features[*place])).chain([features.len()]).collect()
            }
        }
    }

    /// How much of the trend its trees are added to: all or nothing; the rest is of the mean.
    pub fn share_of_trend(self) -> f32 {
        if self == Self::OnTrend { 1.0 } else { 0.0 }
    }

    /// Its settings: what the four Cs say is told by fewer leaves.
    pub fn settings(self, of_model: &Settings) -> Settings {
        match self {
            Self::FourCs => Settings { max_leaves: (of_model.max_leaves / 3).max(16), ..*of_model },
            Self::OnTrend | Self::OnMean => *of_model,
        }
    }
}

/// The values that the trees of a model are added to.
#[derive(Debug, Clone)]
pub struct Start {
    pub trend: Trend,
    /// The mean of the target.
    pub mean: f64,
}

impl Start {
    pub fn fit(sales: &[Sale]) -> Result<Self, FamilyError> {
        #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
        let count = sales.len() as f64;
        let mean = sales.iter().map(|sale| TARGET.from_price(sale.price_usd)).sum::<f64>() / count;
        let trend = Trend::fit(sales, |_| 1.0).map_err(|reason| unfit(sales.len(), &reason))?;
        Ok(Self { trend, mean })
    }
}

/// `sales`, as a forest of every column learns them: whole, with the four Cs alone, and with measures left out at random. What is missing
/// is no number, and the trees learn which way to go without it; that also sharpens the price of whole stones.
pub fn learnt_three_times(sales: &[Sale], seed: u64) -> Vec<Sale> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut learnt = Vec::with_capacity(3 * sales.len());
    learnt.extend_from_slice(sales);
    learnt.extend(sales.iter().map(|sale| Sale { stone: sale.stone.with_four_cs_only(), ..*sale }));
    learnt.extend(sales.iter().map(|sale| {
        let stone = sale.stone;
        let [sides, height, depth, table] = std::array::from_fn(|_| random.random_bool(0.5));
        let kept = |value: f64, is_left_out: bool| if is_left_out { f64::NAN } else { value };
        let told = Stone {
            x_mm: kept(stone.x_mm, sides),
            y_mm: kept(stone.y_mm, sides),
            z_mm: kept(stone.z_mm, height),
            depth_percent: kept(stone.depth_percent, depth),
            table_percent: kept(stone.table_percent, table),
            ..stone
        };
        Sale { stone: told.settled(), ..*sale }
    }));
    learnt
}

/// Sales in the library's format, for one member.
pub struct Matrix {
    pub rows: DMatrix,
}

impl Matrix {
    /// Encodes `sales` for `member`: shape `(n_sales, n_columns)`, labelled with the target, with what the trees are added to.
    pub fn new(sales: &[Sale], start: &Start, member: Member) -> Result<Self, FamilyError> {
        let failed = |error: xgboost::XGBError| unfit(sales.len(), &error);
        let (features, columns) = (features(), member.columns());
        let values = sales.iter().flat_map(|sale| {
            columns.iter().map(|place| match features.get(*place) {
                Some(feature) => single(feature.value(&sale.stone)),
                None => single(start.trend.log_price(&sale.stone)),
            })
        });
        let mut rows = DMatrix::from_dense(&values.collect::<Vec<f32>>(), sales.len()).map_err(failed)?;
        let labels: Vec<f32> = sales.iter().map(|sale| single(TARGET.from_price(sale.price_usd))).collect();
        rows.set_labels(&labels).map_err(failed)?;
        let margins: Vec<f32> = match member {
            Member::OnTrend => sales.iter().map(|sale| single(start.trend.log_price(&sale.stone))).collect(),
            Member::OnMean | Member::FourCs => vec![single(start.mean); sales.len()],
        };
        rows.set_base_margin(&margins).map_err(failed)?;
        Ok(Self { rows })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "XGBoost works in single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

/// A forest that grows tree by tree.
pub struct Growing<'a> {
    pub booster: Booster,
    train: &'a Matrix,
    trees: i32,
    rows: usize,
}

impl<'a> Growing<'a> {
    /// A forest of `member` without trees. The library caches its predictions for `also` while it grows.
    pub fn new(
        member: Member,
        train: &'a Matrix,
        also: &[&DMatrix],
        settings: &Settings,
        seed: u64,
    ) -> Result<Self, FamilyError> {
        let rows = train.rows.num_rows();
        let failed = |error: xgboost::XGBError| unfit(rows, &error);
        let cached: Vec<&DMatrix> = [&train.rows].into_iter().chain(also.iter().copied()).collect();
        let mut booster = Booster::new_with_cached_dmats(&BoosterParameters::default(), &cached).map_err(failed)?;
        for (name, value) in member.settings(settings).to_parameters(seed) {
            booster.set_param(name, &value).map_err(failed)?;
        }
        // what the trees are added to is given row by row
        booster.set_param("base_score", "0").map_err(failed)?;
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
