//! A model family of one's own: the median price a carat of stones of like weight.
//!
//!     cargo run --release --example family
//!
//! It shows all that a family has to say for itself. To make it a family of the program, move it to
//! `src/learning/families/` and add it to `FAMILIES` there: training, comparison, the API and the pages follow.

use diamonds::diamond::{Sale, Stone};
use diamonds::generator::Generator;
use diamonds::learning::evaluation::{Metrics, Split, quantile};
use diamonds::learning::families::{
    Family, FamilyError, FitPlan, Fitted, Model, SalesSource, SilentObserver, linear::Linear,
};
use diamonds::learning::features::{Feature, Target};
use serde::{Deserialize, Serialize};
use serde_json::Map;

const NAME: &str = "carat-median";

/// Upper bounds of the weight classes in carats; the last class has none.
const UPPER_BOUNDS_CARAT: [f64; 5] = [0.5, 0.75, 1.0, 1.5, 2.0];

struct CaratMedian;

/// The model as it is stored: one price a carat in US dollars for each weight class.
#[derive(Serialize, Deserialize)]
struct CaratMedianModel {
    usd_per_carat: Vec<f64>,
}

impl Family for CaratMedian {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        "The usual price a carat for stones of like weight."
    }

    fn incomplete_stones(&self) -> &'static str {
        "No measure matters: the weight says it all."
    }

    fn fit(&self, sales: &dyn SalesSource, _plan: &FitPlan<'_>) -> Result<Fitted, FamilyError> {
        let mut classes = vec![Vec::new(); UPPER_BOUNDS_CARAT.len() + 1];
        // more sales than this add nothing to a median
        for sale in &sales.sample(1_000_000)? {
            classes[weight_class(&sale.stone)].push(sale.price_usd / sale.stone.weight_carat);
        }
        let unfit = |reason: String| FamilyError::Unfit { family: NAME, sales: sales.count(), reason };
        let usd_per_carat = classes
            .into_iter()
            .enumerate()
            .map(|(class, mut prices)| {
                quantile(&mut prices, 0.5)
                    .ok_or_else(|| unfit(format!("weight class {class} has no sale: ingest more sales")))
            })
            .collect::<Result<Vec<f64>, FamilyError>>()?;
        let model = CaratMedianModel { usd_per_carat };
        let bytes = serde_json::to_vec(&model).map_err(|error| unfit(error.to_string()))?;
        Ok(Fitted {
            model: Box::new(model),
            bytes,
            features: vec![Feature::Carat],
            target: Target::Price,
            hyperparameters: Map::new(),
            trials: Vec::new(),
        })
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Model>, FamilyError> {
        let unreadable = |reason: String| FamilyError::Unreadable { family: NAME, reason };
        let model: CaratMedianModel = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if model.usd_per_carat.len() != UPPER_BOUNDS_CARAT.len() + 1 {
            return Err(unreadable("it has another number of weight classes".to_owned()));
        }
        Ok(Box::new(model))
    }
}

impl Model for CaratMedianModel {
    fn price_usd(&self, stone: &Stone) -> f64 {
        stone.weight_carat * self.usd_per_carat[weight_class(stone)]
    }
}

fn weight_class(stone: &Stone) -> usize {
    UPPER_BOUNDS_CARAT.iter().take_while(|bound| stone.weight_carat >= **bound).count()
}

#[expect(clippy::print_stdout, reason = "an example prints what it found")]
fn main() -> Result<(), FamilyError> {
    let sales: Vec<Sale> = Generator::new(1).take(5_000).collect();
    let (known, held_out) = Split::new("family example", 0.2).part(&sales);
    let truth: Vec<f64> = held_out.iter().map(|sale| sale.price_usd).collect();
    let stones: Vec<Stone> = held_out.iter().map(|sale| sale.stone).collect();
    let plan = FitPlan { seed: 42, trials: 1, threads: 2, budget: None, start: None, observer: &SilentObserver };
    for family in [&CaratMedian as &dyn Family, &Linear] {
        let fitted = family.fit(&known, &plan)?;
        let stored = family.load(&fitted.bytes)?;
        let metrics = Metrics::of(&truth, &stored.prices_usd(&stones));
        println!("{}: MAE ${:.0}, R² {:.3}, on {} sales", family.name(), metrics.mae_usd, metrics.r2, truth.len());
    }
    Ok(())
}
