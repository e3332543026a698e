#!/usr/bin/env python3
"""Sets `diamonds` beside CatBoost, LightGBM and XGBoost, each tuned by itself: the error of each on a fifth of the sales.

All are fitted to the same four fifths. The libraries get the twelve columns that `diamonds` makes of a stone (the larger of x and y
first, grades as ranks, density, length to width, spread), and predict the logarithm of the price. Each is tuned by 100 trials of
Optuna's TPE, judged by the mean absolute error in dollars on a fifth of the four fifths, which also ends the boosting; the last fit, with
the best settings and number of trees, is to all of them. `diamonds` is what `retrain` fits unless told otherwise: its prices never fall
with a better colour or clarity, the libraries' may.
"""

import argparse
import time

import catboost
import lightgbm
import numpy as np
import optuna
import xgboost
from sklearn.model_selection import train_test_split

from sales import FOUR_CS, SCALES, interval_of_mean, price_by_diamonds, read_sales

MAX_TREES, PATIENCE = 2_000, 50


def columns(sales):
    """The columns of a stone as `diamonds` makes them, whichever way the stone was turned."""
    stones = sales[[*FOUR_CS, "depth", "table", "x", "y", "z"]].copy()
    for scale, grades in SCALES.items():
        stones[scale] = stones[scale].map(grades.index).astype(float)
    stones["x"], stones["y"] = sales[["x", "y"]].max(axis=1), sales[["x", "y"]].min(axis=1)
    stones["density"] = stones.carat / (stones.x * stones.y * stones.z)
    stones["length_to_width"] = stones.x / stones.y
    stones["spread"] = np.sqrt(stones.x * stones.y) / np.cbrt(stones.carat)
    return stones


class LightGbm:
    name = f"LightGBM {lightgbm.__version__}"

    @staticmethod
    def suggest(trial):
        return {
            "objective": trial.suggest_categorical("objective", ["regression", "regression_l1"]),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 15, 255, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 3, 60, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 30.0, log=True),
        }

    @staticmethod
    def fit(settings, trees, threads, x, y, judge=None):
        model = lightgbm.LGBMRegressor(
            **settings, n_estimators=trees, n_jobs=threads, subsample_freq=1, random_state=42, verbosity=-1)
        stop = [lightgbm.early_stopping(PATIENCE, verbose=False)]
        model.fit(x, y, **({"eval_set": [judge], "eval_metric": "l1", "callbacks": stop} if judge else {}))
        return model, (model.best_iteration_ or trees) if judge else trees


class XGBoost:
    name = f"XGBoost {xgboost.__version__}"

    @staticmethod
    def suggest(trial):
        return {
            "objective": trial.suggest_categorical("objective", ["reg:squarederror", "reg:absoluteerror"]),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
            "max_leaves": trial.suggest_int("max_leaves", 15, 255, log=True),
            "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 30.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 30.0, log=True),
        }

    @staticmethod
    def fit(settings, trees, threads, x, y, judge=None):
        model = xgboost.XGBRegressor(
            **settings, n_estimators=trees, n_jobs=threads, tree_method="hist", grow_policy="lossguide", max_depth=0,
            random_state=42, eval_metric="mae", early_stopping_rounds=PATIENCE if judge else None)
        model.fit(x, y, eval_set=[judge] if judge else None, verbose=False)
        return model, model.best_iteration + 1 if judge else trees


class CatBoost:
    name = f"CatBoost {catboost.__version__}"

    @staticmethod
    def suggest(trial):
        return {
            "loss_function": trial.suggest_categorical("loss_function", ["RMSE", "MAE"]),
            "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            "depth": trial.suggest_int("depth", 4, 9),
            "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 0.1, 30.0, log=True),
            "rsm": trial.suggest_float("rsm", 0.4, 1.0),
        }

    @staticmethod
    def fit(settings, trees, threads, x, y, judge=None):
        model = catboost.CatBoostRegressor(
            **settings, iterations=trees, thread_count=threads, random_seed=42, eval_metric="MAE", verbose=False,
            allow_writing_files=False)
        model.fit(x, y, eval_set=judge, early_stopping_rounds=PATIENCE if judge else None)
        return model, model.tree_count_ if judge else trees


def tune_and_price(peer, known, asked, trials, threads, seed):
    """The peer's prices of `asked` in dollars, its settings, and the seconds that tuning and fitting took."""
    started = time.monotonic()
    learnt, judges = train_test_split(known, test_size=0.2, random_state=42)
    x, y, x_judge = columns(learnt), np.log(learnt.price), columns(judges)

    def judge(trial):
        model, trees = peer.fit(peer.suggest(trial), MAX_TREES, threads, x, y, (x_judge, np.log(judges.price)))
        trial.set_user_attr("trees", trees)
        return np.abs(np.exp(model.predict(x_judge)) - judges.price).mean()

    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(judge, n_trials=trials)
    trees = round(study.best_trial.user_attrs["trees"] * len(known) / len(learnt))
    model, _ = peer.fit(study.best_params, trees, threads, columns(known), np.log(known.price))
    return np.exp(model.predict(columns(asked))), {"trees": trees, **study.best_params}, time.monotonic() - started


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sales", help="a CSV file such as `diamonds ingest` takes, or `diamonds generate` makes")
    options.add_argument("--program", required=True, help="the built benches/quality/fit_and_price.rs")
    options.add_argument("--seeds", type=int, nargs="+", default=[42], metavar="SEED", help="one random split each")
    options.add_argument("--trials", type=int, default=100, metavar="N", help="of each library [default: 100]")
    options.add_argument("--threads", type=int, default=2, metavar="N")
    chosen = options.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    sales = read_sales(chosen.sales)
    errors = {}
    print("| split | who | MAE | s | settings |\n|---|---|---|---|---|")
    for seed in chosen.seeds:
        known, asked = train_test_split(sales, test_size=0.2, random_state=seed)
        rows, seconds = price_by_diamonds(chosen.program, known, asked, 1, None, seed)
        said = {"diamonds": (rows.predicted_usd, "its own", seconds)}
        tell(seed, "diamonds", asked, *said["diamonds"])
        tell(seed, "diamonds, four Cs only", asked, rows.four_cs_usd, "its own", seconds)
        for peer in (LightGbm, XGBoost, CatBoost):
            said[peer.name] = tune_and_price(peer, known, asked, chosen.trials, chosen.threads, seed)
            tell(seed, peer.name, asked, *said[peer.name])
        for name, (predicted, *_) in said.items():
            errors.setdefault(name, []).append(np.abs(predicted - asked.price))

    print("\n| who | MAE | diamonds less it (95 %, paired) |\n|---|---|---|")
    errors = {name: np.concatenate(parts) for name, parts in errors.items()}
    for name, of_stones in errors.items():
        less = errors["diamonds"] - of_stones
        low, high = interval_of_mean(less)
        beside = f"{less.mean():+.1f} ({low:+.1f} to {high:+.1f})" if name != "diamonds" else ""
        print(f"| {name} | ${of_stones.mean():.1f} | {beside} |")


def tell(seed, name, asked, predicted, settings, seconds):
    print(f"| {seed} | {name} | ${np.abs(predicted - asked.price).mean():.1f} | {seconds:.0f} | {settings} |", flush=True)


if __name__ == "__main__":
    main()
