//! Forests that another program trains with XGBoost, and boosters that it trained alone.

use serde_json::{Map, Value, json};
use xgboost::Booster;

use super::document::read;
use super::forest::{Member, Start, learnt_three_times};
use super::lightgbm;
use super::settings::{Settings, TARGET, features};
use super::training::joined;
use super::tuning::settings_to_try;
use super::{
    GAPS_ATTRIBUTE, MAX_SALES, NAME, SHARE_ATTRIBUTE, TARGET_ATTRIBUTE, TREND_ATTRIBUTE, TreeModel, XgBoost, unreadable,
};
use crate::diamond::{Sale, Stone};
use crate::learning::families::{
    Assembled, BaseMargin, FamilyError, ForestPlan, ForestsPlan, PlannedTrial, Recipe, SalesSource, TREND_COLUMN,
    TrainedElsewhere,
};

/// The copies of a sale, by their numbers: whole, with the four Cs alone, with measures left out at random.
const COPIES: [u8; 3] = [0, 1, 2];
/// Parameters that are the business of whoever trains.
const OWN_BUSINESS: [&str; 2] = ["nthread", "verbosity"];

impl TrainedElsewhere for XgBoost {
    fn plan(&self, sales: &dyn SalesSource, seed: u64, trials: usize) -> Result<ForestsPlan, FamilyError> {
        let Start { trend, mean } = Start::fit(&sales.sample(MAX_SALES)?)?;
        let settings = Settings::start(sales.count());
        let forests_of = |settings: &Settings| -> Vec<ForestPlan> {
            let members = Member::all(settings.four_cs_forest);
            members.iter().map(|member| forest_plan(*member, settings, mean, seed)).collect()
        };
        let tried = if trials > 1 { settings_to_try(sales.count(), trials, seed)? } else { Vec::new() };
        Ok(ForestsPlan {
            family: NAME.to_owned(),
            target: TARGET,
            features: features(),
            trend,
            mean,
            seed,
            settings: settings.to_json(),
            forests: forests_of(&settings),
            trials: tried
                .iter()
                .map(|settings| PlannedTrial { settings: settings.to_json(), forests: forests_of(settings) })
                .collect(),
        })
    }

    fn copies(&self, sales: &[Sale], seed: u64) -> Vec<Sale> {
        learnt_three_times(sales, seed)
    }

    fn assemble(&self, plan: &ForestsPlan, forests: &[Vec<u8>], probes: &[Stone]) -> Result<Assembled, FamilyError> {
        let members: Vec<Member> = plan
            .forests
            .iter()
            .map(|forest| {
                Member::named(&forest.name).ok_or_else(|| unreadable(format!("no forest is called {:?}", forest.name)))
            })
            .collect::<Result<_, _>>()?;
        if members.is_empty() || forests.len() != members.len() {
            return Err(unreadable(format!("{} forests were trained of {}", forests.len(), members.len())));
        }
        let columns = plan.columns();
        let mut documents = Vec::with_capacity(forests.len());
        let mut sums = Vec::with_capacity(forests.len());
        for (forest, bytes) in plan.forests.iter().zip(forests) {
            let of_forest = |error: FamilyError| match error {
                FamilyError::Unreadable { reason, .. } => unreadable(format!("forest {}: {reason}", forest.name)),
                other => other,
            };
            let mut document = checked(bytes).map_err(of_forest)?;
            check_plan(&document, forest).map_err(of_forest)?;
            cut_to_best(&mut document).map_err(of_forest)?;
            let json = serde_json::to_vec(&document).map_err(|error| unreadable(error.to_string()))?;
            let trees = TreeModel::from_document(read(&json)?, plan.target, Some(plan.trend.clone()), 0.0)?;
            let places: Vec<usize> = forest
                .columns
                .iter()
                .map(|name| columns.iter().position(|column| column == name))
                .collect::<Option<_>>()
                .ok_or_else(|| unreadable(format!("forest {} has a column that no row has", forest.name)))?;
            let sum = |stone: &Stone| {
                let row = plan.row(stone);
                trees.predict(&places.iter().map(|place| row[*place]).collect::<Vec<f32>>())
            };
            sums.push(probes.iter().map(sum).collect());
            documents.push(json);
        }
        let start = Start { trend: plan.trend.clone(), mean: plan.mean };
        Ok(Assembled { bytes: joined(&members, &documents, &start)?, sums })
    }

    fn writer_of(&self, booster: &[u8]) -> &'static str {
        if lightgbm::is_model(booster) { "lightgbm" } else { NAME }
    }

    fn adopt(&self, booster: &[u8], recipe: &Recipe) -> Result<Vec<u8>, FamilyError> {
        let mut document = if lightgbm::is_model(booster) {
            lightgbm::document_of(booster).map_err(unreadable)?
        } else {
            let mut document = checked(booster)?;
            cut_to_best(&mut document)?;
            document
        };
        let columns = recipe.columns();
        let learner = &mut document["learner"];
        let count = learner["learner_model_param"]["num_feature"].as_str().and_then(|count| count.parse().ok());
        if count != Some(columns.len()) {
            return Err(unreadable(format!(
                "it has {} columns, and its recipe {}: name the feature behind each column, in order",
                count.unwrap_or_default(),
                columns.len()
            )));
        }
        if !(0.0..=1.0).contains(&recipe.share_of_trend)
            || recipe.trend.is_none() && (recipe.has_trend_column || recipe.share_of_trend > 0.0)
        {
            return Err(unreadable("its recipe has a share of the trend, or its column, and no trend"));
        }
        learner["feature_names"] = json!(columns);
        learner["feature_types"] = json!(vec!["float"; columns.len()]);
        let mut attributes = Map::from_iter([
            (TARGET_ATTRIBUTE.to_owned(), json!(recipe.target.name())),
            (SHARE_ATTRIBUTE.to_owned(), json!(recipe.share_of_trend.to_string())),
            (GAPS_ATTRIBUTE.to_owned(), json!(recipe.learnt_missing_measures.to_string())),
        ]);
        if let Some(trend) = &recipe.trend {
            let trend = serde_json::to_string(trend).map_err(|error| unreadable(error.to_string()))?;
            attributes.insert(TREND_ATTRIBUTE.to_owned(), json!(trend));
        }
        learner["attributes"] = Value::Object(attributes);
        let bytes = serde_json::to_vec(&document).map_err(|error| unreadable(error.to_string()))?;
        TreeModel::from_json(&bytes).map(|_| bytes)
    }

    fn release(&self, bytes: &[u8]) -> Result<Recipe, FamilyError> {
        let model = TreeModel::from_json(bytes)?;
        if model.is_of_lightgbm() {
            return Err(unreadable("it came from LightGBM, and XGBoost cannot read it: take the file that it came in"));
        }
        Ok(model.recipe())
    }
}

fn forest_plan(member: Member, settings: &Settings, mean: f64, seed: u64) -> ForestPlan {
    let names: Vec<String> = features().iter().map(|feature| feature.name()).chain([TREND_COLUMN.to_owned()]).collect();
    let parameters = member.settings(settings).to_parameters(seed);
    let number = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    ForestPlan {
        name: member.name().to_owned(),
        columns: member.columns().into_iter().map(|place| names[place].clone()).collect(),
        base_margin: match member {
            Member::OnTrend => BaseMargin::Column(TREND_COLUMN.to_owned()),
            Member::OnMean | Member::FourCs => BaseMargin::Constant(mean),
        },
        copies: if member == Member::FourCs { vec![COPIES[0]] } else { COPIES.to_vec() },
        rounds: settings.n_estimators,
        parameters: parameters
            .into_iter()
            .filter(|(name, _)| !OWN_BUSINESS.contains(name))
            .map(|(name, value)| (name.to_owned(), number(value)))
            // what the trees are added to is given row by row
            .chain([("base_score".to_owned(), json!(0.0))])
            .collect(),
    }
}

/// The JSON of a booster, in whatever form the library wrote it, if it is one whose prices can be worked out here.
fn checked(bytes: &[u8]) -> Result<Value, FamilyError> {
    let library = |error: xgboost::XGBError| {
        // the library adds where in its own code it failed
        let said = error.to_string();
        unreadable(format!("XGBoost cannot read it: {}", said.lines().next().unwrap_or_default().trim()))
    };
    if bytes.is_empty() {
        return Err(unreadable("it is empty"));
    }
    let json = Booster::load_buffer(bytes).and_then(|booster| booster.save_buffer(false)).map_err(library)?;
    let document: Value = serde_json::from_slice(&json).map_err(|error| unreadable(error.to_string()))?;
    let learner = &document["learner"];
    let booster = text(&learner["gradient_booster"]["name"]);
    if booster != "gbtree" {
        return Err(unreadable(format!("its booster is {booster}: only gbtree is read here")));
    }
    let objective = text(&learner["objective"]["name"]);
    if !matches!(objective, "reg:squarederror" | "reg:absoluteerror") {
        return Err(unreadable(format!(
            "its objective is {objective}: only reg:squarederror and reg:absoluteerror are read here"
        )));
    }
    let parameters = &learner["learner_model_param"];
    if !matches!(text(&parameters["num_class"]), "0" | "1") || !matches!(text(&parameters["num_target"]), "" | "1") {
        return Err(unreadable("it predicts several numbers, where one price is wanted"));
    }
    if base_scores(&document).len() != 1 {
        return Err(unreadable("it has several base scores, where one price is wanted"));
    }
    let types = learner["feature_types"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(place) = types.iter().position(|kind| text(kind) == "c") {
        let name = learner["feature_names"][place].as_str().unwrap_or("without a name");
        return Err(unreadable(format!(
            "its column {name} is categorical: give grades as numbers, 0 for the worst, and train without enable_categorical"
        )));
    }
    let model = &learner["gradient_booster"]["model"];
    if text(&model["gbtree_model_param"]["num_parallel_tree"]) != "1" {
        return Err(unreadable("it grows several trees in a round (num_parallel_tree): only one is read here"));
    }
    Ok(document)
}

/// Whether a checked booster is what `forest` asks for.
fn check_plan(document: &Value, forest: &ForestPlan) -> Result<(), FamilyError> {
    let learner = &document["learner"];
    let names: Vec<&str> =
        learner["feature_names"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(text).collect();
    if names != forest.columns {
        return Err(unreadable(format!(
            "its columns are {}, where the export has {}",
            if names.is_empty() { "without names".to_owned() } else { names.join(", ") },
            forest.columns.join(", ")
        )));
    }
    if base_scores(document).iter().any(|score| *score != 0.0) {
        return Err(unreadable(
            "its base score is not 0: what the trees are added to comes from the export, so train with base_score 0 \
             and the base margin",
        ));
    }
    Ok(())
}

/// Cuts the trees after the best round, if the training was stopped early: the library keeps those of the patience, too.
fn cut_to_best(document: &mut Value) -> Result<(), FamilyError> {
    let best = document["learner"]["attributes"]["best_iteration"].as_str().map(str::parse::<usize>);
    let Some(best) = best.transpose().map_err(|_| unreadable("its best round is no number"))? else { return Ok(()) };
    let model = &mut document["learner"]["gradient_booster"]["model"];
    let trees = model["trees"].as_array_mut().ok_or_else(|| unreadable("it has no trees"))?;
    trees.truncate(best.saturating_add(1));
    let count = trees.len();
    model["gbtree_model_param"]["num_trees"] = json!(count.to_string());
    model["iteration_indptr"] = json!((0..=count).collect::<Vec<_>>());
    model["tree_info"] = json!(vec![0; count]);
    Ok(())
}

/// The base score, of which there is one for each target; in early versions a number, now an array as text.
fn base_scores(document: &Value) -> Vec<f64> {
    let text = text(&document["learner"]["learner_model_param"]["base_score"]);
    text.trim_matches(['[', ']']).split(',').filter_map(|score| score.trim().parse().ok()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use xgboost::DMatrix;
    use xgboost::parameters::BoosterParameters;

    use super::super::training;
    use super::*;
    use crate::generator::Generator;
    use crate::learning::families::Model;
    use crate::learning::features::{Feature, Target};

    const SEED: u64 = 5;

    fn sales() -> Vec<Sale> {
        Generator::new(8).take(500).map(|sale| Sale { stone: sale.stone.turned(), ..sale }).collect()
    }

    /// The forests of `plan`, trained by its rows and parameters alone, as any program with the library would.
    fn trained_by_plan(plan: &ForestsPlan, sales: &[Sale]) -> Vec<Vec<u8>> {
        let copies = XgBoost.copies(sales, plan.seed);
        let columns = plan.columns();
        let forest = |forest: &ForestPlan| {
            let learnt: Vec<&Sale> = copies
                .chunks(sales.len())
                .zip(0..)
                .filter(|(_, copy)| forest.copies.contains(copy))
                .flat_map(|(copy, _)| copy)
                .collect();
            let places: Vec<usize> = forest
                .columns
                .iter()
                .map(|name| columns.iter().position(|column| column == name).expect("a column"))
                .collect();
            let row = |sale: &&Sale| {
                let row = plan.row(&sale.stone);
                places.iter().map(move |place| row[*place]).collect::<Vec<f32>>()
            };
            let mut rows =
                DMatrix::from_dense(&learnt.iter().flat_map(row).collect::<Vec<f32>>(), learnt.len()).expect("rows");
            #[expect(clippy::cast_possible_truncation, reason = "the library works in single precision")]
            let single = |value: f64| value as f32;
            let labels: Vec<f32> = learnt.iter().map(|sale| single(plan.target.from_price(sale.price_usd))).collect();
            rows.set_labels(&labels).expect("labels");
            let margins: Vec<f32> = learnt.iter().map(|sale| single(plan.margin(forest, &sale.stone))).collect();
            rows.set_base_margin(&margins).expect("margins");
            let mut booster =
                Booster::new_with_cached_dmats(&BoosterParameters::default(), &[&rows]).expect("a booster");
            for (name, value) in &forest.parameters {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                booster.set_param(name, &value).expect("a parameter");
            }
            booster.set_param("nthread", "1").expect("a parameter");
            for round in 0..forest.rounds {
                booster.update(&rows, i32::try_from(round).expect("few")).expect("a round");
            }
            booster.set_feature_names(&forest.columns.iter().map(String::as_str).collect()).expect("names");
            booster.save_buffer(true).expect("bytes")
        };
        plan.forests.iter().map(forest).collect()
    }

    fn plan(sales: &Vec<Sale>) -> ForestsPlan {
        let mut plan = XgBoost.plan(sales, SEED, 1).expect("a plan");
        plan.forests.iter_mut().for_each(|forest| forest.rounds = 40);
        plan
    }

    #[test]
    fn forests_trained_by_the_plan_alone_are_the_model_that_is_trained_here() {
        let sales = sales();
        let plan = plan(&sales);
        let probes: Vec<Stone> = sales[..50].iter().map(|sale| sale.stone).collect();
        let assembled = XgBoost.assemble(&plan, &trained_by_plan(&plan, &sales), &probes).expect("a model");
        let settings = Settings { n_estimators: 40, ..Settings::start(sales.len()) };
        let here = training::train(&sales, &settings, SEED, 1).expect("a model");
        let [here, there] = [here, assembled.bytes].map(|bytes| TreeModel::from_json(&bytes).expect("a model"));
        for (place, stone) in probes.iter().enumerate() {
            for stone in [*stone, stone.without_sizes()] {
                assert_eq!(here.price_usd(&stone).to_bits(), there.price_usd(&stone).to_bits());
            }
            let of_forests = plan.forests.iter().zip(&assembled.sums);
            let sum: f64 = of_forests.map(|(forest, sums)| plan.margin(forest, stone) + f64::from(sums[place])).sum();
            #[expect(clippy::cast_precision_loss, reason = "three at the most")]
            let price_usd = (sum / plan.forests.len() as f64).exp();
            assert!((price_usd / there.price_usd(stone) - 1.0).abs() < 1e-5, "{price_usd}");
        }
    }

    #[test]
    fn forests_that_are_not_what_the_plan_asks_for_are_refused_by_name() {
        let sales = sales();
        let plan = plan(&sales);
        let forests = trained_by_plan(&plan, &sales);
        let told = |change: &dyn Fn(&mut Value)| {
            let mut document = checked(&forests[0]).expect("a booster");
            change(&mut document);
            let mut forests = forests.clone();
            forests[0] = serde_json::to_vec(&document).expect("JSON");
            XgBoost.assemble(&plan, &forests, &[]).err().expect("not by the plan").to_string()
        };
        let columns = told(&|model| model["learner"]["feature_names"].as_array_mut().expect("names").swap(0, 1));
        assert!(columns.contains("forest on_trend: its columns are cut, carat"), "{columns}");
        let score = told(&|model| model["learner"]["learner_model_param"]["base_score"] = json!("[7E0]"));
        assert!(score.contains("base_score 0"), "{score}");
        let kind = told(&|model| model["learner"]["feature_types"] = json!(vec!["c"; 12]));
        assert!(kind.contains("carat is categorical"), "{kind}");
        let mut fewer = forests.clone();
        fewer.pop();
        let error = XgBoost.assemble(&plan, &fewer, &[]).err().expect("one is missing").to_string();
        assert!(error.contains("2 forests were trained of 3"), "{error}");
        let error = XgBoost.assemble(&plan, &vec![b"{}".to_vec(); 3], &[]).err().expect("none").to_string();
        assert!(error.contains("forest on_trend: XGBoost cannot read it"), "{error}");
    }

    #[test]
    fn trees_after_the_best_round_are_cut() {
        let sales = sales();
        let plan = plan(&sales);
        let forests = trained_by_plan(&plan, &sales);
        let probes: Vec<Stone> = sales[..5].iter().map(|sale| sale.stone).collect();
        let stopped: Vec<Vec<u8>> = forests
            .iter()
            .map(|bytes| {
                let mut booster = Booster::load_buffer(bytes).expect("a booster");
                booster.set_attribute("best_iteration", "29").expect("an attribute");
                booster.save_buffer(true).expect("bytes")
            })
            .collect();
        let thirty: Vec<Vec<u8>> = forests
            .iter()
            .map(|bytes| {
                Booster::load_buffer(bytes).and_then(|all| all.slice(0, 30)?.save_buffer(true)).expect("thirty trees")
            })
            .collect();
        let [stopped, thirty] = [stopped, thirty].map(|some| XgBoost.assemble(&plan, &some, &probes).expect("a model"));
        assert_eq!(stopped.sums, thirty.sums);
        let read_trees = |bytes: &[u8]| read(bytes).expect("a model").learner.gradient_booster.model.trees.len();
        assert_eq!(read_trees(&stopped.bytes), 3 * 30);
    }

    #[test]
    fn a_model_that_leaves_comes_back_the_same() {
        let sales = sales();
        let settings = Settings { n_estimators: 20, ..Settings::start(sales.len()) };
        let bytes = training::train(&sales, &settings, SEED, 1).expect("a model");
        let recipe = XgBoost.release(&bytes).expect("its own bytes");
        let again = XgBoost.adopt(&bytes, &recipe).expect("a booster");
        let [before, after] = [bytes, again].map(|bytes| TreeModel::from_json(&bytes).expect("a model"));
        for sale in &sales[..50] {
            let prices = [&before, &after].map(|model| model.price_usd(&sale.stone.without_sizes()).to_bits());
            assert_eq!(prices[0], prices[1]);
        }
    }

    #[test]
    fn a_booster_of_somebodys_own_is_read_by_its_recipe() {
        let sales = sales();
        let recipe = Recipe {
            target: Target::Price,
            features: vec![Feature::Carat, Feature::ClarityRank, Feature::Depth],
            trend: None,
            share_of_trend: 0.0,
            has_trend_column: false,
            learnt_missing_measures: false,
        };
        let rows: Vec<f32> = sales.iter().flat_map(|sale| recipe.row(&sale.stone)).collect();
        let mut rows = DMatrix::from_dense(&rows, sales.len()).expect("rows");
        #[expect(clippy::cast_possible_truncation, reason = "the library works in single precision")]
        let labels: Vec<f32> = sales.iter().map(|sale| sale.price_usd as f32).collect();
        rows.set_labels(&labels).expect("labels");
        let mut booster = Booster::new_with_cached_dmats(&BoosterParameters::default(), &[&rows]).expect("a booster");
        booster.set_param("objective", "reg:squarederror").expect("a parameter");
        for round in 0..20 {
            booster.update(&rows, round).expect("a round");
        }
        let bytes = booster.save_buffer(true).expect("bytes");
        let model = TreeModel::from_json(&XgBoost.adopt(&bytes, &recipe).expect("a model")).expect("its bytes");
        let expected = booster.predict(&rows).expect("predictions");
        for (sale, expected) in sales.iter().zip(expected) {
            assert!((model.price_usd(&sale.stone) - f64::from(expected)).abs() < 1e-6 * f64::from(expected));
        }
        // a measure that was not told is the usual one
        let untold = sales[0].stone.with_four_cs_only();
        assert_eq!(model.price_usd(&untold).to_bits(), model.price_usd(&untold.with_usual_measures()).to_bits());
        let fewer = Recipe { features: recipe.features[..2].to_vec(), ..recipe };
        let error = XgBoost.adopt(&bytes, &fewer).expect_err("too few").to_string();
        assert!(error.contains("it has 3 columns, and its recipe 2"), "{error}");
    }
}
