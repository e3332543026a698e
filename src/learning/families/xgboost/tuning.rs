//! Finds good settings: a tree-structured Parzen estimator proposes them, a fifth of the training sales evaluates them.
//!
//! Trials run in pairs, one thread each if there may be two, and are proposed and evaluated pair by pair: so the search takes
//! the same path on every machine, whatever its number of processors.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Instant;

use optimizer::parameter::{FloatParam, IntParam, ParamId, ParamValue, Parameter};
use optimizer::pruner::MedianPruner;
use optimizer::sampler::tpe::TpeSampler;
use optimizer::{Direction, Study};
use serde_json::Value;

use super::forest::{Growing, Matrix, Member, Start, learnt_three_times};
use super::settings::{Objective, Settings, TARGET};
use super::{FamilyError, unfit};
use crate::diamond::Sale;
use crate::learning::evaluation::Split;
use crate::learning::evaluation::{Comparison, mean_absolute_error};
use crate::learning::families::{FitPlan, SalesSource, Trial};

/// Trials that run at the same time.
const TRIAL_WORKERS: usize = 2;
/// How much a model learns between two evaluation rounds: the number of trees times the learning rate.
///
/// Rounds are spaced by this and not by trees, so that a trial is compared with others that have learnt as much: by
/// number of trees, slow learners, which end better, would all be stopped early.
const LEARNT_PER_ROUND: f64 = 0.5;
/// Rounds without a smaller error after which a trial has its number of trees.
const PATIENCE: u32 = 6;
/// Rounds before a trial may be stopped: by then e⁻⁵ of the difference to the mean price is still to be learnt, and the
/// difference between two trials comes from their settings, not from their start.
const WARM_UP_ROUNDS: u64 = 10;
/// Share of the sales on which trials are evaluated.
const TUNING_SHARE: f64 = 0.2;

/// Most trees of a trial.
const TREES: RangeInclusive<u32> = 100..=600;

/// The result of a search.
pub struct TuningResult {
    pub best: Settings,
    pub trials: Vec<Trial>,
}

/// Most sales that settings are searched on, and most on which the best of the search is compared with the start: so a search
/// costs the same whatever the number of sales.
const MAX_SEARCHED: usize = 15_000;
const MAX_COMPARED: usize = 100_000;

/// Searches for the settings with the least mean absolute error in dollars on a part of `sales` that trials are not
/// fitted to. The settings of the start stay, unless others are better by more than luck there: the best of many trials is
/// often only the luckiest.
///
/// Many trials run on a small sample; the best of them and the start run once more on a larger one, parted in another way so that luck
/// does not help twice. That also finds their numbers of trees. At last it is found out whether a forest on the four Cs helps.
pub fn tune(sales: &dyn SalesSource, plan: &FitPlan<'_>) -> Result<TuningResult, FamilyError> {
    let sample = sales.sample(MAX_SEARCHED)?;
    let start_of_all = Settings::start(sales.count());
    let (mut train, mut validation) = parted(&sample, "xgboost tuning")?;
    let searched = sample.len();
    let Search { trials, mut best, mut start } = search(&sample, &train, &validation, plan)?;
    if best.is_some() && !plan.observer.should_stop() {
        let larger = if sample.len() < sales.count() { sales.sample(MAX_COMPARED)? } else { sample };
        (train, validation) = parted(&larger, "xgboost tuning, again")?;
        let found = best.as_ref().map_or(start_of_all, |best| for_more(best.settings, searched, larger.len()));
        let candidates = [Settings::start(larger.len()), found];
        let again = |settings: Settings| {
            let worker =
                TrialWorker { train: &train, validation: &validation, seed: plan.seed, should_stop: &|| false };
            worker.evaluate(Settings { n_estimators: *TREES.end(), ..settings }, &mut |_, _| false)
        };
        let same = candidates[1].is_alike(candidates[0]);
        let (of_start, of_best) = if plan.threads < TRIAL_WORKERS {
            (again(candidates[0]), (!same).then(|| Ok(again(candidates[1]))))
        } else {
            std::thread::scope(|scope| {
                let of_best = (!same).then(|| scope.spawn(|| again(candidates[1])));
                (again(candidates[0]), of_best.map(std::thread::ScopedJoinHandle::join))
            })
        };
        let failed = || unfit(larger.len(), &"the library failed while tuning");
        start = of_start?;
        best = of_best.map(|best| best.map_err(|_| failed())?).transpose()?.flatten().or(start.clone());
    }
    let truth: Vec<f64> = validation.iter().map(|sale| sale.price_usd).collect();
    let is_luck = |best: &EvaluatedTrial, start: &EvaluatedTrial| {
        let are_prices = start.predicted.len() == truth.len() && best.predicted.len() == truth.len();
        are_prices && !Comparison::of(&truth, &best.predicted, &start.predicted).is_certain()
    };
    let chosen = match (best, start) {
        (Some(best), Some(start)) if is_luck(&best, &start) || start.mae_usd <= best.mae_usd => start,
        (Some(best), _) => best,
        (None, _) => return Ok(TuningResult { best: start_of_all, trials }),
    };
    let worker = TrialWorker { train: &train, validation: &validation, seed: plan.seed, should_stop: &|| false };
    let four_cs_forest = worker.four_cs_help(&chosen, &truth)?;
    let best = for_more(chosen.settings, train.len() + validation.len(), sales.count());
    Ok(TuningResult { best: Settings { four_cs_forest, ..best }, trials })
}

/// Settings that do well on `few` sales, for `many`: with larger trees, as the start has.
fn for_more(settings: Settings, few: usize, many: usize) -> Settings {
    let [few, many] = [few, many].map(|sales| u64::from(Settings::start(sales).max_leaves));
    let leaves = (u64::from(settings.max_leaves) * many).div_ceil(few);
    Settings { max_leaves: u32::try_from(leaves).unwrap_or(u32::MAX), ..settings }
}

/// The sales for trials, and those that evaluate them.
fn parted(sales: &[Sale], salt: &str) -> Result<(Vec<Sale>, Vec<Sale>), FamilyError> {
    let (train, validation) = Split::new(salt, TUNING_SHARE).part(sales);
    if train.is_empty() || validation.is_empty() {
        return Err(unfit(sales.len(), &"too few to part into training and tuning: ingest more sales"));
    }
    Ok((train, validation))
}

/// What a search found.
struct Search {
    trials: Vec<Trial>,
    best: Option<EvaluatedTrial>,
    /// The trial with the settings of the start.
    start: Option<EvaluatedTrial>,
}

fn search(sales: &[Sale], train: &[Sale], validation: &[Sale], plan: &FitPlan<'_>) -> Result<Search, FamilyError> {
    let first = Settings::start(sales.len());
    let space = Space::new();
    let study = new_study(plan.seed).map_err(|error| unfit(sales.len(), &error))?;
    // settings of an earlier format cannot be a start
    let earlier = plan.start.and_then(|map| serde_json::from_value::<Settings>(Value::Object(map.clone())).ok());
    if let Some(earlier) = earlier {
        study.enqueue(space.values_of(&with_room_to_grow(earlier)));
    }
    study.enqueue(space.values_of(&first));
    // a budget beyond the range of time is no limit
    let deadline = plan.budget.and_then(|budget| Instant::now().checked_add(budget));
    let should_stop = || plan.observer.should_stop() || deadline.is_some_and(|deadline| Instant::now() >= deadline);

    let mut trials = Vec::new();
    let mut best: Option<EvaluatedTrial> = None;
    let mut start: Option<EvaluatedTrial> = None;
    while trials.len() < plan.trials && !should_stop() {
        let mut workers = Vec::new();
        for _ in 0..TRIAL_WORKERS.min(plan.trials - trials.len()) {
            let mut proposal = study.ask();
            let settings = space.read(&mut proposal).map_err(|error| unfit(sales.len(), &error))?;
            workers.push((proposal, settings));
        }
        let run = |(proposal, settings)| {
            let worker = TrialWorker { train, validation, seed: plan.seed, should_stop: &should_stop };
            worker.run(proposal, settings)
        };
        let judged: Vec<_> = if plan.threads < TRIAL_WORKERS {
            workers.into_iter().map(|worker| Ok(run(worker))).collect()
        } else {
            std::thread::scope(|scope| {
                let running: Vec<_> = workers.into_iter().map(|worker| scope.spawn(|| run(worker))).collect();
                running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
            })
        };
        for result in judged {
            let judged = result.map_err(|_| unfit(sales.len(), &"the library failed while tuning"))??;
            let Some((proposal, evaluated)) = judged else { continue };
            // a pruned trial is reported with its last error: the sampler would read the crate's own mark as an error of 0
            study.complete_trial(proposal, evaluated.mae_usd);
            let (mae_usd, pruned) = (evaluated.mae_usd, evaluated.pruned);
            let elapsed = evaluated.started.elapsed();
            trials.push(Trial { hyperparameters: evaluated.settings.to_json(), mae_usd, pruned, elapsed });
            if evaluated.settings.is_alike(first) && start.is_none() {
                start = Some(evaluated.clone());
            }
            if best.as_ref().is_none_or(|best| mae_usd < best.mae_usd) {
                best = Some(evaluated);
            }
            plan.observer.trial_done(trials.len(), plan.trials, best.as_ref().map_or(mae_usd, |best| best.mae_usd));
        }
    }
    Ok(Search { trials, best, start })
}

/// The number of trees of an earlier model was the best one for its sales: with more sales it may take more.
fn with_room_to_grow(earlier: Settings) -> Settings {
    Settings { n_estimators: (earlier.n_estimators * 3 / 2).clamp(*TREES.start(), *TREES.end()), ..earlier }
}

fn new_study(seed: u64) -> Result<Study<f64>, optimizer::Error> {
    let sampler = TpeSampler::builder().seed(seed).n_startup_trials(10).build()?;
    let pruner = MedianPruner::new(Direction::Minimize).n_warmup_steps(WARM_UP_ROUNDS).n_min_trials(5);
    Ok(Study::builder().minimize().sampler(sampler).pruner(pruner).build())
}

/// Runs one trial at a time.
struct TrialWorker<'a, S> {
    train: &'a [Sale],
    validation: &'a [Sale],
    seed: u64,
    should_stop: &'a S,
}

/// A trial that has an error.
#[derive(Clone)]
struct EvaluatedTrial {
    /// The proposed settings, with the best number of trees.
    settings: Settings,
    mae_usd: f64,
    /// The prices that it predicts for the validation split with that number of trees; empty if they are no prices.
    predicted: Vec<f64>,
    pruned: bool,
    started: Instant,
}

impl<S: Fn() -> bool> TrialWorker<'_, S> {
    /// Runs the trial `proposal` of a search; `None` if it was stopped before the end.
    fn run(
        &self,
        mut proposal: optimizer::Trial,
        settings: Settings,
    ) -> Result<Option<(optimizer::Trial, EvaluatedTrial)>, FamilyError> {
        let evaluated = self.evaluate(settings, &mut |round, mae_usd| {
            proposal.report(round, mae_usd);
            proposal.should_prune()
        })?;
        Ok(evaluated.map(|evaluated| (proposal, evaluated)))
    }

    /// Grows a model for `settings` and evaluates it in rounds, until it has its number of trees or `prune`, which gets the
    /// round and its error in US dollars, gives it up; `None` if it was stopped before the end.
    fn evaluate(
        &self,
        settings: Settings,
        prune: &mut dyn FnMut(u64, f64) -> bool,
    ) -> Result<Option<EvaluatedTrial>, FamilyError> {
        let started = Instant::now();
        let start = Start::fit(self.train)?;
        let thrice = learnt_three_times(self.train, self.seed);
        let truth: Vec<f64> = self.validation.iter().map(|sale| sale.price_usd).collect();
        let members = Member::all(false);
        let matrices = members
            .iter()
            .map(|member| Ok((Matrix::new(&thrice, &start, *member)?, Matrix::new(self.validation, &start, *member)?)))
            .collect::<Result<Vec<_>, FamilyError>>()?;
        let mut forests = members
            .iter()
            .zip(&matrices)
            .map(|(member, (train, validation))| {
                Growing::new(*member, train, &[&validation.rows], &settings, self.seed)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut best = EvaluatedTrial {
            settings: Settings { n_estimators: 0, ..settings },
            mae_usd: f64::INFINITY,
            predicted: Vec::new(),
            pruned: false,
            started,
        };
        let mut rounds_since_best = 0;
        let mut rounds: u32 = 0;
        for trees in 1..=settings.n_estimators {
            for forest in &mut forests {
                forest.grow()?;
            }
            let learnt = f64::from(trees) * settings.learning_rate;
            let is_last = trees == settings.n_estimators;
            if (self.should_stop)() {
                return Ok(None);
            }
            if learnt < LEARNT_PER_ROUND * f64::from(rounds + 1) && !is_last {
                continue;
            }
            let said = forests.iter().zip(&matrices).map(|(forest, (_, validation))| forest.predict(&validation.rows));
            let predicted = blended(&said.collect::<Result<Vec<_>, _>>()?);
            let mae_usd = mean_absolute_error(&truth, &predicted);
            rounds_since_best += 1;
            let are_prices = predicted.iter().all(|price| *price > 0.0);
            if are_prices && mae_usd < best.mae_usd {
                best.settings.n_estimators = trees;
                best.mae_usd = mae_usd;
                best.predicted = predicted;
                rounds_since_best = 0;
            }
            best.pruned = prune(u64::from(rounds), mae_usd);
            rounds += 1;
            if best.pruned || rounds_since_best >= PATIENCE {
                break;
            }
        }
        Ok(Some(best))
    }
}

impl<S> TrialWorker<'_, S> {
    /// Whether the prices of `trial` err less together with those of a forest on the four Cs.
    fn four_cs_help(&self, trial: &EvaluatedTrial, truth: &[f64]) -> Result<bool, FamilyError> {
        if trial.predicted.len() != truth.len() {
            return Ok(trial.settings.four_cs_forest);
        }
        let member = Member::FourCs;
        let start = Start::fit(self.train)?;
        let train = Matrix::new(self.train, &start, member)?;
        let validation = Matrix::new(self.validation, &start, member)?;
        let mut growing = Growing::new(member, &train, &[&validation.rows], &trial.settings, self.seed)?;
        for _ in 0..trial.settings.n_estimators {
            growing.grow()?;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the library works in single precision")]
        let of_trial: Vec<f32> = trial.predicted.iter().map(|price| TARGET.from_price(*price) as f32).collect();
        let blend = blended(&[of_trial.clone(), of_trial, growing.predict(&validation.rows)?]);
        Ok(mean_absolute_error(truth, &blend) < trial.mae_usd)
    }
}

/// The prices in US dollars whose logarithms are the means of what the forests say, each of shape `(n_rows,)`.
#[expect(clippy::cast_precision_loss, reason = "three at the most")]
fn blended(of_forests: &[Vec<f32>]) -> Vec<f64> {
    let rows = of_forests.first().map_or(0, Vec::len);
    let mean = |row: usize| of_forests.iter().map(|said| f64::from(said[row])).sum::<f64>() / of_forests.len() as f64;
    (0..rows).map(|row| TARGET.to_price(mean(row))).collect()
}

/// The search space.
///
/// The sampler distinguishes parameters by their distributions, so no two may have the same: each pair of choices has a type
/// or a length of its own.
struct Space {
    objective: IntParam,
    n_estimators: IntParam,
    learning_rate: FloatParam,
    max_leaves: IntParam,
    min_child_weight: IntParam,
    subsample: FloatParam,
    colsample_bytree: FloatParam,
    reg_lambda: FloatParam,
    reg_alpha: FloatParam,
}

impl Space {
    fn new() -> Self {
        Self {
            objective: IntParam::new(0, 1),
            n_estimators: IntParam::new((*TREES.start()).into(), (*TREES.end()).into()),
            learning_rate: FloatParam::new(0.01, 0.2).log_scale(),
            max_leaves: IntParam::new(8, 192).log_scale(),
            min_child_weight: IntParam::new(1, 12),
            subsample: FloatParam::new(0.5, 1.0).step(0.1),
            colsample_bytree: FloatParam::new(0.4, 1.0).step(0.1),
            reg_lambda: FloatParam::new(1e-3, 10.0).log_scale(),
            reg_alpha: FloatParam::new(1e-8, 1.0).log_scale(),
        }
    }

    /// The settings that a trial proposes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds above are small and positive"
    )]
    fn read(&self, trial: &mut optimizer::Trial) -> Result<Settings, optimizer::Error> {
        let tenths = |share: f64| (share * 10.0).round() / 10.0;
        Ok(Settings {
            objective: Objective::ALL[self.objective.suggest(trial)? as usize],
            n_estimators: self.n_estimators.suggest(trial)? as u32,
            learning_rate: self.learning_rate.suggest(trial)?,
            max_leaves: self.max_leaves.suggest(trial)? as u32,
            min_child_weight: self.min_child_weight.suggest(trial)? as u32,
            subsample: tenths(self.subsample.suggest(trial)?),
            colsample_bytree: tenths(self.colsample_bytree.suggest(trial)?),
            reg_lambda: self.reg_lambda.suggest(trial)?,
            reg_alpha: self.reg_alpha.suggest(trial)?,
            // found out at the end
            four_cs_forest: false,
        })
    }

    /// The values that make a trial propose `settings`.
    fn values_of(&self, settings: &Settings) -> HashMap<ParamId, ParamValue> {
        HashMap::from([
            (self.objective.id(), ParamValue::Int(i64::from(settings.objective == Objective::Absolute))),
            (self.n_estimators.id(), ParamValue::Int(settings.n_estimators.into())),
            (self.learning_rate.id(), ParamValue::Float(settings.learning_rate)),
            (self.max_leaves.id(), ParamValue::Int(settings.max_leaves.clamp(8, 192).into())),
            (self.min_child_weight.id(), ParamValue::Int(settings.min_child_weight.into())),
            (self.subsample.id(), ParamValue::Float(settings.subsample)),
            (self.colsample_bytree.id(), ParamValue::Float(settings.colsample_bytree)),
            (self.reg_lambda.id(), ParamValue::Float(settings.reg_lambda)),
            (self.reg_alpha.id(), ParamValue::Float(settings.reg_alpha)),
        ])
    }
}

/// The settings of the start on so many sales, and others at random from the whole search space: `count` in all. The same seed gives the same.
///
/// # Errors
/// If the sampler fails.
pub fn settings_to_try(sales: usize, count: usize, seed: u64) -> Result<Vec<Settings>, FamilyError> {
    let start = Settings::start(sales);
    let (space, study) = (Space::new(), new_study(seed).map_err(|error| unfit(sales, &error))?);
    let mut settings = vec![start];
    while settings.len() < count {
        // without an error that was reported, what is proposed is chosen at random
        let proposed = space.read(&mut study.ask()).map_err(|error| unfit(sales, &error))?;
        let proposed = for_more(proposed, sales.min(MAX_SEARCHED), sales);
        settings.push(Settings { four_cs_forest: start.four_cs_forest, ..proposed });
    }
    Ok(settings)
}

/// Settings from the whole search space: `count` at random, and its corners.
#[cfg(test)]
pub(super) fn proposals(seed: u64, count: usize) -> Vec<Settings> {
    let (space, study) = (Space::new(), new_study(seed).expect("a study"));
    let mut proposals: Vec<Settings> =
        (0..count).map(|_| space.read(&mut study.ask()).expect("within the space")).collect();
    for (objective, four_cs_forest) in Objective::ALL.into_iter().zip([false, true]) {
        let smallest = Settings {
            objective,
            n_estimators: 100,
            learning_rate: 0.01,
            max_leaves: 8,
            min_child_weight: 1,
            subsample: 0.5,
            colsample_bytree: 0.4,
            reg_lambda: 1e-3,
            reg_alpha: 1e-8,
            four_cs_forest,
        };
        let largest = Settings {
            n_estimators: 600,
            learning_rate: 0.2,
            max_leaves: 192,
            min_child_weight: 12,
            subsample: 1.0,
            colsample_bytree: 1.0,
            reg_lambda: 10.0,
            reg_alpha: 1.0,
            ..smallest
        };
        proposals.extend([smallest, largest, Settings { min_child_weight: 1, reg_alpha: 1e-8, ..largest }]);
    }
    proposals
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::generator::Generator;
    use crate::learning::families::{Observer, SilentObserver};

    fn sales() -> Vec<Sale> {
        Generator::new(4).take(500).collect()
    }

    #[test]
    fn no_two_parameters_have_the_same_distribution() {
        let space = Space::new();
        let distributions = [
            space.objective.distribution(),
            space.n_estimators.distribution(),
            space.learning_rate.distribution(),
            space.max_leaves.distribution(),
            space.min_child_weight.distribution(),
            space.subsample.distribution(),
            space.colsample_bytree.distribution(),
            space.reg_lambda.distribution(),
            space.reg_alpha.distribution(),
        ];
        for (index, one) in distributions.iter().enumerate() {
            assert!(!distributions[index + 1..].contains(one), "{one:?}");
        }
    }

    #[test]
    fn settings_for_trials_elsewhere_are_the_start_and_others_by_the_seed() {
        let many = 100_000;
        let settings = settings_to_try(many, 20, 5).expect("settings");
        assert_eq!((settings.len(), settings[0]), (20, Settings::start(many)));
        assert_eq!(settings, settings_to_try(many, 20, 5).expect("settings"));
        assert_ne!(settings[1..], settings_to_try(many, 20, 6).expect("settings")[1..]);
        for (place, one) in settings.iter().enumerate() {
            assert!(settings[place + 1..].iter().all(|other| other != one), "each is another");
        }
        assert!(
            settings.iter().any(|one| one.max_leaves > 192),
            "with larger trees, where there is more to tell apart"
        );
    }

    #[test]
    fn the_first_trial_is_the_start_which_is_kept_unless_another_is_better_by_more_than_luck() {
        let plan = FitPlan { seed: 1, trials: 6, threads: 2, budget: None, start: None, observer: &SilentObserver };
        let outcome = tune(&sales(), &plan).expect("a search");
        assert_eq!(outcome.trials.len(), 6);
        assert_eq!(outcome.trials[0].hyperparameters["learning_rate"], Settings::start(500).learning_rate);
        let best = outcome.trials.iter().map(|trial| trial.mae_usd).fold(f64::INFINITY, f64::min);
        let tried = |trial: &&Trial| {
            let settings = serde_json::from_value::<Settings>(Value::Object(trial.hyperparameters.clone()));
            settings.is_ok_and(|settings| settings.is_alike(outcome.best))
        };
        let kept = outcome.trials.iter().find(tried).expect("the kept settings are among the trials");
        assert!(outcome.best.is_alike(Settings::start(500)) || (kept.mae_usd - best).abs() < 1e-12);
    }

    #[test]
    fn a_search_on_a_sample_ends_with_a_comparison_on_more_sales() {
        let many: Vec<Sale> = Generator::new(4).take(MAX_SEARCHED + 2_000).collect();
        let plan = FitPlan { seed: 1, trials: 2, threads: 2, budget: None, start: None, observer: &SilentObserver };
        let outcome = tune(&many, &plan).expect("a search");
        assert_eq!(outcome.trials.len(), 2);
        assert!(outcome.best.n_estimators > 0);
    }

    #[test]
    fn the_settings_of_an_earlier_model_are_tried_first() {
        let earlier = Settings { learning_rate: 0.123, n_estimators: 130, ..Settings::start(500) };
        let map = earlier.to_json();
        let plan =
            FitPlan { seed: 1, trials: 2, threads: 2, budget: None, start: Some(&map), observer: &SilentObserver };
        let outcome = tune(&sales(), &plan).expect("a search");
        assert_eq!(outcome.trials[0].hyperparameters["learning_rate"], 0.123);
    }

    #[test]
    fn a_stop_keeps_the_best_so_far() {
        struct StopAfter(AtomicUsize);
        impl Observer for StopAfter {
            fn trial_done(&self, done: usize, _planned: usize, _best: f64) {
                self.0.store(done, Ordering::Relaxed);
            }
            fn should_stop(&self) -> bool {
                self.0.load(Ordering::Relaxed) >= 2
            }
        }
        let observer = StopAfter(AtomicUsize::new(0));
        let plan = FitPlan { seed: 1, trials: 1_000, threads: 2, budget: None, start: None, observer: &observer };
        let outcome = tune(&sales(), &plan).expect("a search");
        assert_eq!(outcome.trials.len(), 2);
    }

    #[test]
    fn no_time_at_all_gives_the_start() {
        let plan = FitPlan {
            seed: 1,
            trials: 10,
            threads: 2,
            budget: Some(Duration::ZERO),
            start: None,
            observer: &SilentObserver,
        };
        let outcome = tune(&sales(), &plan).expect("a search");
        assert_eq!((outcome.best, outcome.trials.len()), (Settings::start(500), 0));
    }
}
