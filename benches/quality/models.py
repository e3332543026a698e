"""The program's boosted trees for experiments: the program itself with given settings, and its recipe in Python."""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
import pandas as pd
import xgboost

CUTS = ["Fair", "Good", "Very Good", "Premium", "Ideal"]
COLORS = list("JIHGFED")
CLARITIES = ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"]
SCALES = {"cut": CUTS, "color": COLORS, "clarity": CLARITIES}
COLUMNS = ["carat", "cut", "color", "clarity", "depth", "table", "price", "x", "y", "z"]

# Settings::START of src/learning/families/xgboost/settings.rs
START = {"base": "trend", "objective": "reg:absoluteerror", "monotone": False, "n_estimators": 1500, "learning_rate": 0.02,
         "max_depth": 5, "min_child_weight": 3, "subsample": 0.8, "colsample_bytree": 0.7, "reg_lambda": 1.0,
         "reg_alpha": 1e-4}


def read_sales(path):
    """The sales of a file without the rows that the program refuses."""
    sales = pd.read_csv(path)[COLUMNS]
    return sales[(sales.price > 0) & (sales.x * sales.y * sales.z > 0)].reset_index(drop=True)


def fit_and_price(program, known, asked, settings=None, seed=1):
    """What the program says of `asked` after one trial with `settings` on `known`, in dollars."""
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, name) for name in ("known.csv", "asked.csv")]
        # prices that are not asked about number the rows, so that the order can be checked
        for path, sales in zip(files, (known, asked.assign(price=np.arange(1, len(asked) + 1)))):
            sales[COLUMNS].to_csv(path, index=False)
        command = [program, *files, "xgboost", str(seed), "1", "3600", json.dumps({**START, **(settings or {})})]
        document = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if [row["price_usd"] for row in document["rows"]] != list(range(1, len(asked) + 1)):
        raise SystemExit(f"error: {program} did not price the {len(asked)} rows in their order")
    return np.array([row["predicted_usd"] for row in document["rows"]])


def ranks(sales):
    return {scale: sales[scale].map(levels.index).to_numpy(float) for scale, levels in SCALES.items()}


NINE = ["carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z"]
DERIVED = ["density", "length_to_width", "spread"]
# What a price may not fall in. With sizes as they are, more weight is more density and less spread.
FOUR = ["carat", *SCALES]
EVERYTHING = {"rising": [*FOUR, "x", "y", "z", "density"], "falling": ["spread"]}
TWELVE = NINE + DERIVED
COLUMN = {"base": "mean", "columns": [*TWELVE, "trend"]}
MONOTONE_COLUMN = {**COLUMN, "envelope": True, "rising": [*EVERYTHING["rising"], "trend"],
                   "falling": EVERYTHING["falling"]}


def columns_of(sales, names):
    """What trees see: shape (n_sales, n_names)."""
    derived = {
        "density": sales.carat / (sales.x * sales.y * sales.z),
        "length_to_width": sales.x / sales.y,
        "spread": np.sqrt(sales.x * sales.y) / np.cbrt(sales.carat),
    }
    return sales.assign(**ranks(sales), **derived)[names].to_numpy(np.float32)


def trend_terms(sales, proportions=False):
    """The terms of src/learning/families/xgboost/trend.rs: shape (n_sales, n_terms)."""
    log, rank = np.log(sales.carat.to_numpy()), ranks(sales)
    terms = [np.ones(len(sales)), log, log**2, log**3, sales.carat.to_numpy()]
    terms += [(rank[scale] == place) * 1.0 for scale, levels in SCALES.items() for place in range(1, len(levels))]
    cut, color, clarity = rank.values()
    terms += [log * cut, log * color, log * clarity, log**2 * color, log**2 * clarity, color * clarity,
              log * color * clarity]
    if proportions:
        terms += [column for column in columns_of(sales, ["depth", "table", *DERIVED]).T.astype(float)]
    return np.stack(terms, axis=1)


def fit_trend(sales, proportions=False, envelope=False):
    """The logarithm of the price as a curve of weight and grades; an envelope is never below the curve of a worse color."""
    x = trend_terms(sales, proportions)
    w = np.linalg.solve(x.T @ x + 1e-4 * np.eye(x.shape[1]), x.T @ np.log(sales.price.to_numpy()))
    if not envelope:
        return lambda stones: trend_terms(stones, proportions) @ w

    def highest(stones):
        own = stones.color.map(COLORS.index)
        worse = (stones.assign(color=own.clip(upper=place).map(COLORS.__getitem__)) for place in range(len(COLORS)))
        return np.max([trend_terms(stone, proportions) @ w for stone in worse], axis=0)

    return highest


class Trees:
    """The program's boosted trees in Python, with what may be changed about them."""

    def __init__(self, target="log_price", base="trend", objective=START["objective"], columns=TWELVE, power=0.0,
                 rising=(), falling=(), seeds=1, proportions=False, envelope=False):
        self.target, self.base, self.objective, self.columns = target, base, objective, columns
        # a sale weighs its price to this power
        self.power, self.seeds, self.curve = power, seeds, {"proportions": proportions, "envelope": envelope}
        # columns in which no price may fall, or rise
        self.signs = [(name in rising) - (name in falling) for name in columns]

    def price(self, known, asked):
        parts = np.random.default_rng(7).random(len(known)) < 0.2
        train, judge = known[~parts], known[parts]
        said = []
        for seed in range(1, self.seeds + 1):
            trees = self._grow(train, judge, seed, START["n_estimators"], judge.price.to_numpy())[1]
            said.append(self._grow(known, asked, seed, trees)[0])
        return self._to_price(np.mean(said, axis=0))

    def _to_price(self, value):
        return np.exp(value) if self.target == "log_price" else value

    def _matrix(self, sales, base, curve):
        margin = base(sales) if self.target == "log_price" or self.base == "mean" else np.exp(base(sales))
        label = np.log(sales.price) if self.target == "log_price" else sales.price
        columns = columns_of(sales.assign(trend=curve(sales)) if "trend" in self.columns else sales, self.columns)
        return xgboost.DMatrix(columns, label, base_margin=margin)

    def _gradients(self, residual, weight):
        """First and second derivatives of the cost of each row.

        That of the absolute error is smoothed as in the program's library, which is newer than any that Python has: there
        leaves were set to medians, and a monotone model was none.
        """
        if self.objective == "reg:squarederror":
            return weight * residual, weight
        width = np.average(np.sqrt(np.abs(residual)), weights=weight) ** 2
        curvature = width / np.hypot(width, residual)
        return weight * residual * curvature, weight * curvature

    def _grow(self, known, asked, seed, trees, truth=None):
        """What the trees say of `asked`, and their number: the best of up to `trees` if `truth` is there to judge."""
        curve = fit_trend(known, **self.curve)
        mean = np.mean(np.log(known.price) if self.target == "log_price" else known.price)
        base = curve if self.base == "trend" else lambda stones: np.full(len(stones), mean)
        fit_on, price = self._matrix(known, base, curve), self._matrix(asked, base, curve)
        label, weight = fit_on.get_label(), known.price.to_numpy() ** self.power
        weight /= weight.mean()
        names = ["max_depth", "min_child_weight", "subsample", "colsample_bytree", "reg_lambda", "reg_alpha"]
        booster = xgboost.Booster({**{name: START[name] for name in names}, "eta": START["learning_rate"],
                                   "tree_method": "hist", "seed": seed, "nthread": 1, "base_score": 0.0,
                                   "monotone_constraints": tuple(self.signs)}, [fit_on, price])
        best, looks_since_best = (np.inf, trees), 0
        for count in range(1, trees + 1):
            residual = booster.predict(fit_on, output_margin=True, training=True) - label
            gradient, curvature = self._gradients(residual, weight)
            booster.boost(fit_on, count - 1, grad=gradient, hess=curvature)
            # a look whenever 0.5 has been learnt, and six looks without a better one are the end: as in tuning.rs
            if truth is None or count % 25:
                continue
            error = np.abs(self._to_price(booster.predict(price, output_margin=True)) - truth).mean()
            looks_since_best += 1
            if error < best[0]:
                best, looks_since_best = (error, count), 0
            if looks_since_best == 6:
                break
        return booster.predict(price, output_margin=True), best[1]
