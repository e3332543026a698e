#!/usr/bin/env python3
"""Where the program's prices are off, why, and what would help: the tables of docs/errors.md.

Every error is out of fold: the file is parted into five, twice, and each sale is priced by a model that was fitted to the
four parts without it. The program runs with one trial, so that its starting settings are used as they are, and only the
number of trees is found, on a fifth of what it is fitted to. What it cannot be told (another target, weights, other columns)
is tried in Python with the same trees, curve and early stopping; each such row is compared with the program's own recipe in
Python, so that nothing but the change stands between the two.
"""

import argparse
import concurrent.futures
import itertools
import pathlib

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from models import (CLARITIES, COLORS, COLUMN, CUTS, EVERYTHING, FOUR, MONOTONE_COLUMN, NINE, SCALES, Trees, fit_and_price,
                    fit_trend, read_sales)

WEIGHT_CLASSES = [(0, 0.5), (0.5, 1), (1, 1.5), (1.5, 2), (2, 99)]
PRICE_CLASSES = [(0, 1_000), (1_000, 2_500), (2_500, 5_000), (5_000, 10_000), (10_000, 15_000), (15_000, 99_999)]
LARGE_CARAT = 1.5
FOLDS, REPEATS, LANES = 5, 2, 2
SECTIONS = ["where", "why", "order", "help", "monotony", "splits"]


def with_sorted_sides(sales):
    """The same stones, with the smaller of x and y called x."""
    return sales.assign(x=sales[["x", "y"]].min(axis=1), y=sales[["x", "y"]].max(axis=1))


def with_swapped_sides(sales):
    """The same stones, turned by a quarter."""
    return sales.assign(x=sales.y, y=sales.x)


def in_class(values, bounds):
    return (values >= bounds[0]) & (values < bounds[1])


def name_of(bounds, unit):
    low, high = (f"${bound:,}" if unit == "$" else f"{bound:g}" for bound in bounds)
    return f"{low} and more" if bounds[1] in (99, 99_999) else f"{low} to {high}"


def table(head, rows):
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
    print(flush=True)


# --- out of fold


def folds(count):
    """For each repeat the fold of each row: shape (REPEATS, count)."""
    return np.stack([np.random.default_rng(100 + repeat).permutation(count) % FOLDS for repeat in range(REPEATS)])


def out_of_fold(sales, price):
    """What `price(known, asked)` says of each sale without having seen it: shape (REPEATS, n_sales)."""
    parts = folds(len(sales))

    def one(place):
        repeat, fold = place
        return price(sales[parts[repeat] != fold], sales[parts[repeat] == fold])

    said = np.empty(parts.shape)
    places = list(itertools.product(range(REPEATS), range(FOLDS)))
    with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        for (repeat, fold), priced in zip(places, lanes.map(one, places)):
            said[repeat, parts[repeat] == fold] = priced
    return said


class Bench:
    """Prices out of fold, kept in a folder so that a second run only makes what is new."""

    def __init__(self, sales, program, kept):
        self.sales, self.program, self.kept, self.made = sales, program, kept, {}

    def said(self, name, price):
        path = self.kept and pathlib.Path(self.kept, f"{name}.npy")
        if name not in self.made and path and path.exists():
            self.made[name] = np.load(path)
        elif name not in self.made:
            self.made[name] = out_of_fold(self.sales, price)
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, self.made[name])
        return self.made[name]

    def program_said(self, name, **settings):
        return self.said(name, lambda known, asked: fit_and_price(self.program, known, asked, settings))

    def trees_said(self, name, **changes):
        return self.said(name, Trees(**changes).price)


# --- where


def show_where(sales, said):
    """Errors by class of weight, price and grade."""
    truth = sales.price.to_numpy()
    errors = np.abs(said - truth).mean(axis=0)
    shares = (np.abs(said - truth) / truth).mean(axis=0)

    def row(label, rows):
        bias = said[:, rows].mean() / truth[rows].mean() - 1
        return [label, f"{rows.sum():,}", f"{truth[rows].mean():,.0f}", f"{errors[rows].mean():,.0f}",
                f"{100 * shares[rows].mean():.1f}", f"{100 * np.median(shares[rows]):.1f}", f"{100 * bias:+.1f}",
                f"{100 * errors[rows].sum() / errors.sum():.0f}"]

    head = ["n", "mean price $", "MAE $", "MAPE %", "half are within %", "bias %", "share of all error %"]
    print("## Where\n\nBias: the sum of the prices said, over the sum of the prices paid, less one.")
    everything = np.ones(len(sales), bool)
    table(["weight, ct", *head], [row(name_of(b, "ct"), in_class(sales.carat, b).to_numpy()) for b in WEIGHT_CLASSES]
          + [row("all", everything)])
    guess = said.mean(axis=0)
    table(["price", *head], [row(name_of(b, "$"), in_class(truth, b)) for b in PRICE_CLASSES])
    table(["price said", *head], [row(name_of(b, "$"), in_class(guess, b)) for b in PRICE_CLASSES])
    for scale, levels in SCALES.items():
        table([scale, *head], [row(level, (sales[scale] == level).to_numpy()) for level in levels])


# --- why


def show_proportion(sales, said):
    """How much of the larger errors is that larger stones cost more."""
    print("## Why: price")
    truth = sales.price.to_numpy()
    errors = np.abs(said - truth).mean(axis=0)
    overall = errors.sum() / truth.sum()
    rows = []
    for bounds in WEIGHT_CLASSES:
        rows_in = in_class(sales.carat, bounds).to_numpy()
        mae, price = errors[rows_in].mean(), truth[rows_in].mean()
        rows.append([name_of(bounds, "ct"), f"{price:,.0f}", f"{mae:,.0f}", f"{overall * price:,.0f}",
                     f"{mae / (overall * price):.2f}"])
    table(["weight, ct", "mean price $", "MAE $", f"{100 * overall:.1f} % of the price", "MAE over that"], rows)
    large = sales.carat.to_numpy() >= LARGE_CARAT
    slope = np.polyfit(np.log(said.mean(axis=0)), np.log(np.maximum(errors, 1)), 1)[0]
    print(f"The logarithm of the error rises by {slope:.2f} for each unit of the logarithm of the price said.")
    top = sales.price.max()
    print(f"The dearest sale is ${top:,.0f}; of the {large.sum()} stones of {LARGE_CARAT} ct and more, "
          f"{100 * (truth[large] > 0.9 * top).mean():.0f} % cost more than nine tenths of that.")
    for low, high in [(0, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.0), (1.0, 9)]:
        rows_in = large & in_class(said.mean(axis=0) / top, (low, high))
        if rows_in.any():
            bias = 100 * (said.mean(axis=0)[rows_in].sum() / truth[rows_in].sum() - 1)
            print(f"- said {low:g} to {high:g} of the dearest: n {rows_in.sum()}, MAE ${errors[rows_in].mean():,.0f}, "
                  f"bias of the sum {bias:+.1f} %")
    print()


def show_curve(sales, program):
    """The error on a class when the training rows of that class alone are thinned."""
    print("## Why: examples")
    counts = [35, 70, 145, 300, 600, None]
    parts = folds(len(sales))
    jobs = [(bounds, count, repeat, fold) for bounds in WEIGHT_CLASSES for count in counts
            for repeat, fold in itertools.product(range(REPEATS), range(FOLDS))
            if count is None or count < 0.75 * in_class(sales.carat, bounds).sum()]

    def one(job):
        bounds, count, repeat, fold = job
        held = parts[repeat] == fold
        inside = in_class(sales.carat, bounds).to_numpy()
        known = sales[~held]
        if count is not None:
            kept = sales[~held & inside].sample(count, random_state=1_000 * repeat + fold)
            known = pd.concat([sales[~held & ~inside], kept]).sort_index()
        asked = sales[held & inside]
        said = fit_and_price(program, known, asked)
        return bounds, count, (~held & inside).sum(), np.abs(said / asked.price - 1).tolist()

    found = {}
    with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        for bounds, count, whole, shares in lanes.map(one, jobs):
            found.setdefault((bounds, count), []).extend(shares)
            found.setdefault((bounds, "whole"), []).append(whole)
    rows = []
    for bounds in WEIGHT_CLASSES:
        cells = [f"{100 * np.mean(found[bounds, count]):.1f}" if (bounds, count) in found else "" for count in counts]
        rows.append([name_of(bounds, "ct"), *cells, f"{np.mean(found[bounds, 'whole']):.0f}"])
    table(["MAPE % with … training rows of the class", *(str(count) for count in counts[:-1]), "all", "which is"], rows)


def twins(sales, weight_share, alike=False):
    """Pairs of neighbours in weight with the same grades: the rows of either, weights at most `weight_share` apart.

    If they are to be `alike`, their proportions are nearly the same too, and the same of x and y is the larger.
    """
    # the trade's prices jump at these weights: a pair on two sides of one is no pair
    edges = [0, 0.3, 0.4, 0.5, 0.7, 0.9, 1, 1.2, 1.5, 1.7, 2, 2.5, 99]
    band = pd.cut(sales.carat, edges, right=False, labels=False)
    pairs = []
    for _, group in sales.groupby(["cut", "color", "clarity", band]):
        group = group.sort_values(["carat", "depth", "table"])
        for (one, a), (other, b) in itertools.pairwise(group.iterrows()):
            if b.carat > a.carat * (1 + weight_share) + 1e-9:
                continue
            if alike and (abs(a.depth - b.depth) > 1 or abs(a.table - b.table) > 2 or (a.x > a.y) != (b.x > b.y)):
                continue
            # the same stone sold twice says nothing
            if all(a[column] == b[column] for column in ["carat", "depth", "table", "x", "y", "z"]):
                continue
            pairs.append((one, other))
    return np.array(pairs).reshape(-1, 2)


def show_twins(sales, said):
    """How far the prices of nearly the same stones are apart, beside the model's errors on the same stones."""
    print("## Why: noise")
    truth = sales.price.to_numpy()
    slope = 1.9  # what one more percent of weight adds to a price, in percent
    for alike in (False, True):
        pairs = twins(sales, 0.01, alike)
        rows = []
        for bounds in [*WEIGHT_CLASSES, (LARGE_CARAT, 99), (0, 99)]:
            inside = in_class(sales.carat.to_numpy()[pairs[:, 0]], bounds)
            if inside.sum() < 10:
                rows.append([name_of(bounds, "ct"), inside.sum(), "", "", "", ""])
                continue
            one, other = pairs[inside].T
            gap = np.log(truth[other] / truth[one]) - slope * np.log(sales.carat.to_numpy()[other] / sales.carat.to_numpy()[one])
            both = np.unique(np.concatenate([one, other]))
            error = np.abs(np.log(said[:, both] / truth[both])).mean()
            drawn = np.random.default_rng(0).choice(np.abs(gap), (4_000, len(gap))).mean(axis=1)
            low, high = np.percentile(drawn, [2.5, 97.5]) / np.sqrt(2)
            floor = np.abs(gap).mean() / np.sqrt(2)
            rows.append([name_of(bounds, "ct"), inside.sum(), f"{100 * np.abs(gap).mean():.1f}",
                         f"{100 * floor:.1f} ({100 * low:.1f} to {100 * high:.1f})", f"{100 * error:.1f}",
                         f"{floor / error:.2f}"])
        print("same grades, weight within 1 %" + (", depth within 1, table within 2, the same of x and y larger" if alike else ""))
        table(["weight, ct", "pairs", "apart %", "floor % (95 %)", "error of the model on them %", "floor over error"], rows)


def show_order(bench):
    """What it means whether x or y is the larger, which should mean nothing."""
    print("## Which of x and y is larger")
    sales = bench.sales
    over = np.log(sales.price.to_numpy() / bench.said("trend", lambda known, asked: np.exp(fit_trend(known)(asked))))
    over, longer = over.mean(axis=0), (sales.x > sales.y).to_numpy()
    rows = []
    for bounds in [(0, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.7), (0.7, 1), (1, 1.5), (1.5, 2), (2, 99)]:
        inside = in_class(sales.carat, bounds).to_numpy()
        sides = [inside & longer, inside & ~longer]
        rows.append([name_of(bounds, "ct"), *(f"{side.sum():,}" for side in sides),
                     *(f"{100 * np.expm1(np.median(over[side])):+.1f}" for side in sides)])
    table(["weight, ct", "x > y", "x ≤ y", "price over the trend, x > y, %", "x ≤ y, %"], rows)

    table(["cut", "stones", "x > y, %"], [[cut, f"{(sales.cut == cut).sum():,}", f"{100 * longer[sales.cut == cut].mean():.0f}"]
                                          for cut in CUTS])
    pairs = twins(sales, 0.01)
    pairs = pairs[(sales.carat.to_numpy()[pairs] < 0.5).all(axis=1)]
    gaps = np.abs(np.diff(np.log(sales.price.to_numpy()[pairs]), axis=1)[:, 0])
    alike = longer[pairs[:, 0]] == longer[pairs[:, 1]]
    print(f"Twins under 0.5 ct that agree in it are {100 * gaps[alike].mean():.1f} % apart ({alike.sum()} pairs), "
          f"others {100 * gaps[~alike].mean():.1f} % ({(~alike).sum()} pairs)\n")

    stones = sales.sample(2_000, random_state=3)
    said = fit_and_price(bench.program, sales, pd.concat([stones, with_swapped_sides(stones)]))
    change = 100 * np.abs(said[len(stones):] / said[:len(stones)] - 1)
    rows = []
    for bounds in [*WEIGHT_CLASSES, (0, 99)]:
        inside = change[in_class(stones.carat, bounds).to_numpy()]
        rows.append([name_of(bounds, "ct"), len(inside), f"{np.median(inside):.1f}",
                     *(f"{100 * (inside > bound).mean():.0f}" for bound in (1, 5, 10, 20)), f"{inside.max():.0f}"])
    print("The program's price of the same stone with x and y swapped, to that of the stone as it was listed")
    table(["weight, ct", "stones", "median change %", "over 1 %", "over 5 %", "over 10 %", "over 20 %", "most %"], rows)


    truth, large = sales.price.to_numpy(), (sales.carat >= LARGE_CARAT).to_numpy()
    small = (sales.carat < 0.5).to_numpy()
    as_listed = bench.program_said("program-start")
    swapped = bench.said("program-swapped", lambda known, asked: fit_and_price(bench.program, known, with_swapped_sides(asked)))
    in_order = bench.said("program-sorted", lambda known, asked:
                          fit_and_price(bench.program, with_sorted_sides(known), with_sorted_sides(asked)))
    rows = []
    for label, prices in [("as listed", as_listed), ("swapped", swapped), ("mean of both", np.sqrt(as_listed * swapped)),
                          ("sorted, in training too", in_order)]:
        error = np.abs(prices - truth).mean(axis=0)
        rows.append([label, f"{error.mean():,.1f}", f"{error[small].mean():,.1f}", f"{error[large].mean():,.1f}",
                     f"{100 * (np.abs(prices - truth) / truth).mean():.2f}"])
    table(["x and y", "MAE $", "under 0.5 ct $", f"{LARGE_CARAT} ct and more $", "MAPE %"], rows)


# --- what helps


def show_help(bench):
    """Mean absolute errors out of fold, each less that of its reference, with bootstrap intervals."""
    print("## What helps")
    truth, large = bench.sales.price.to_numpy(), (bench.sales.carat >= LARGE_CARAT).to_numpy()
    draws = np.random.default_rng(1).multinomial(len(truth), np.full(len(truth), 1 / len(truth)), 4_000)

    def row(label, said, reference):
        error, other = np.abs(said - truth).mean(axis=0), np.abs(reference - truth).mean(axis=0)
        cells = [label]
        for rows in (np.ones(len(truth), bool), large):
            gaps = draws[:, rows] @ (error - other)[rows] / draws[:, rows].sum(axis=1)
            low, high = np.percentile(gaps, [2.5, 97.5])
            cells += [f"{error[rows].mean():,.1f}"]
            cells += ["" if said is reference else f"{(error - other)[rows].mean():+.1f} ({low:+.1f} to {high:+.1f})"]
        return [*cells, f"{100 * (np.abs(said - truth) / truth).mean():.2f}"]

    head = ["MAE $", "against the first row (95 %)", f"{LARGE_CARAT} ct and more: MAE $", "against the first row (95 %)",
            "MAPE %"]
    reference = bench.program_said("program-start")
    rows = [row("the program's start: trend, absolute error", reference, reference)]
    for label, name, settings in [
        ("squared error", "program-squared", {"objective": "reg:squarederror"}),
        ("base mean", "program-mean", {"base": "mean"}),
        ("base mean, squared error", "program-mean-squared", {"base": "mean", "objective": "reg:squarederror"}),
        ("monotone", "program-monotone", {"monotone": True}),
        ("base mean, monotone", "program-mean-monotone", {"base": "mean", "monotone": True}),
    ]:
        rows.append(row(label, bench.program_said(name, **settings), reference))
    table(["the program", *head], rows)

    reference = bench.trees_said("trees-start")
    rows = [row("the program's start: log price, trend, absolute error, twelve columns", reference, reference)]
    for label, name, changes in [
        ("target price", "trees-price", {"target": "price"}),
        ("target price, base mean", "trees-price-mean", {"target": "price", "base": "mean"}),
        ("target price, base mean, squared error", "trees-price-mean-squared",
         {"target": "price", "base": "mean", "objective": "reg:squarederror"}),
        ("target price, weights 1 / price", "trees-price-inverse", {"target": "price", "power": -1.0}),
        ("weights √price", "trees-root", {"power": 0.5}),
        ("weights price", "trees-weighted", {"power": 1.0}),
        ("weights 1 / price", "trees-inverse", {"power": -1.0}),
        ("squared error", "trees-squared", {"objective": "reg:squarederror"}),
        ("squared error, weights price", "trees-squared-weighted", {"objective": "reg:squarederror", "power": 1.0}),
        ("base mean", "trees-mean", {"base": "mean"}),
        ("without the derived columns", "trees-nine", {"columns": NINE}),
        ("base mean, without the derived columns", "trees-mean-nine", {"base": "mean", "columns": NINE}),
        ("trend of the proportions too", "trees-proportions", {"proportions": True}),
        ("monotone in weight and grades", "trees-monotone", {"rising": FOUR}),
        ("monotone in sizes and the derived columns too", "trees-monotone-all", EVERYTHING),
        ("so, and a trend that is monotone in color", "trees-monotone-envelope", {**EVERYTHING, "envelope": True}),
        ("base mean, monotone in sizes and the derived columns too", "trees-mean-monotone-all", {"base": "mean", **EVERYTHING}),
        ("base mean, the trend as a column", "trees-column", COLUMN),
        ("base mean, the trend as a column, monotone in all", "trees-column-monotone", MONOTONE_COLUMN),
        ("mean of 3 seeds", "trees-seeds", {"seeds": 3}),
        ("mean of 3 seeds, weights √price", "trees-seeds-root", {"seeds": 3, "power": 0.5}),
    ]:
        rows.append(row(label, bench.trees_said(name, **changes), reference))
    table(["in Python", *head], rows)

    def blend(*names):
        return np.exp(np.mean([np.log(bench.made[name]) for name in names], axis=0))

    def sorted_said(name, **changes):
        return bench.said(name, lambda known, asked: Trees(**changes).price(with_sorted_sides(known), with_sorted_sides(asked)))

    program = bench.program_said("program-start")
    trend = bench.said("trend", lambda known, asked: np.exp(fit_trend(known)(asked)))
    table(["mean of two or three models (geometric)", *head], [
        row("the program's start alone", program, program),
        row("its start and base mean", blend("program-start", "program-mean"), program),
        row("its start and base mean, monotone", blend("program-start", "program-mean-monotone"), program),
        row("its start, base mean, base mean with squared error",
            blend("program-start", "program-mean", "program-mean-squared"), program),
        row("its start and its squared error", blend("program-start", "program-squared"), program),
        row("base mean and trend as a column, both monotone in all (Python)",
            blend("trees-mean-monotone-all", "trees-column-monotone"), program),
        row("x and y sorted, base mean and trend as a column (Python)",
            np.sqrt(sorted_said("trees-sorted-mean", base="mean") * sorted_said("trees-sorted-column", **COLUMN)), program),
        row("for comparison: the trend alone, without trees", trend, program),
    ])


# --- monotony


def steps_of(stones):
    """Each step with the stones after it, and which of the stones it can be made with."""
    def better(scale, levels):
        place = stones[scale].map(levels.index)
        can = (place < len(levels) - 1).to_numpy()
        return stones.assign(**{scale: [levels[min(rank + 1, len(levels) - 1)] for rank in place]}), can

    yield "color one better", *better("color", COLORS)
    yield "clarity one better", *better("clarity", CLARITIES)
    yield "cut one better", *better("cut", CUTS)
    every = np.ones(len(stones), bool)
    yield "+0.01 ct, sizes as they are", stones.assign(carat=(stones.carat + 0.01).round(2)), every
    yield "+0.05 ct, sizes as they are", stones.assign(carat=(stones.carat + 0.05).round(2)), every
    grown = np.cbrt((stones.carat + 0.05) / stones.carat)
    scaled = {size: stones[size] * grown for size in ("x", "y", "z")}
    yield "+0.05 ct, sizes scaled", stones.assign(carat=(stones.carat + 0.05).round(2), **scaled), every


def show_monotony(sales, program):
    """How often a price falls when a stone gets better in one thing."""
    print("## Monotony")
    stones = sales.sample(2_000, random_state=3)

    def by_program(**settings):
        return lambda asked: fit_and_price(program, sales, asked, settings)

    def by_trees(**changes):
        return lambda asked: Trees(**changes).price(sales, asked)

    def by_both(one, other):
        return lambda asked: np.sqrt(one(asked) * other(asked))

    summary = []
    for label, price in [
        ("trend, free", by_program()),
        ("trend, monotone", by_program(monotone=True)),
        ("mean, free", by_program(base="mean")),
        ("mean, monotone", by_program(base="mean", monotone=True)),
        ("mean of trend, free and mean, free", by_both(by_program(), by_program(base="mean"))),
        ("mean of trend, free and mean, monotone", by_both(by_program(), by_program(base="mean", monotone=True))),
        ("the trend alone", lambda asked: np.exp(fit_trend(sales)(asked))),
        ("trend, monotone in sizes and derived columns too (Python)", by_trees(**EVERYTHING)),
        ("so, and a trend that is monotone in color (Python)", by_trees(envelope=True, **EVERYTHING)),
        ("mean, the trend as a column, monotone in all (Python)", by_trees(**MONOTONE_COLUMN)),
        ("mean, monotone in sizes and derived columns too (Python)", by_trees(base="mean", **EVERYTHING)),
    ]:
        steps = list(steps_of(stones))
        asked = pd.concat([stones, *(after for _, after, _ in steps)], ignore_index=True)
        said = price(asked).reshape(len(steps) + 1, len(stones))
        rows = []
        for (step, _, can), after in zip(steps, said[1:]):
            change = 100 * (after[can] / said[0][can] - 1)
            # single precision alone is no fall
            falls = change[change < -1e-4]
            count = len(change)
            rows.append([step, f"{count:,}", *(f"{100 * (falls < -bound).sum() / count:.1f}" for bound in (0, 1, 3)),
                         f"{-np.median(falls):.2f}" if len(falls) else "", f"{-falls.min():.1f}" if len(falls) else "",
                         f"{np.median(change):+.1f}"])
        print(label)
        table(["step", "stones", "fall %", "by over 1 %", "by over 3 %", "median fall %", "worst fall %",
               "median change %"], rows)
        summary.append([label, *(row[2] for row in rows), max([float(row[6]) for row in rows if row[6]], default=0.0)])
    table(["falls, %", *(step for step, _, _ in steps_of(stones)), "worst fall %"], summary)


# --- on the splits of compare.py


def show_splits(sales):
    """The mean absolute error of some models on the ten random splits of compare.py."""
    print("## Ten splits")
    single = {"trend": {}, "mean": {"base": "mean"}, "mean, monotone in all": {"base": "mean", **EVERYTHING},
              "trend as a column": COLUMN, "trend as a column, monotone in all": MONOTONE_COLUMN}
    pairs = [("trend", "mean"), ("trend as a column", "mean"),
             ("trend as a column, monotone in all", "mean, monotone in all")]
    errors = {}
    for seed in range(1, 11):
        known, asked = train_test_split(sales, test_size=0.2, random_state=seed)
        with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
            said = dict(zip(single, lanes.map(lambda changes: Trees(**changes).price(known, asked), single.values())))
        for one, other in pairs:
            said[f"mean of {one} and {other}"] = np.sqrt(said[one] * said[other])
        for label, prices in said.items():
            errors.setdefault(label, []).append(np.abs(prices - asked.price).mean())
    table(["in Python", "MAE $", "least", "most"],
          [[label, *(f"{value:.1f}" for value in (np.mean(maes), min(maes), max(maes)))] for label, maes in errors.items()])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sales", help="a CSV file such as `diamonds ingest` takes")
    options.add_argument("--program", required=True, help="the built benches/quality/fit_and_price.rs")
    options.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    options.add_argument("--keep", metavar="FOLDER", help="where prices out of fold are kept for the next run")
    chosen = options.parse_args()
    sales = read_sales(chosen.sales)
    bench = Bench(sales, chosen.program, chosen.keep)
    if "where" in chosen.only:
        show_where(sales, bench.program_said("program-start"))
    if "why" in chosen.only:
        said = bench.program_said("program-start")
        show_proportion(sales, said)
        show_twins(sales, said)
        show_curve(sales, chosen.program)
    if "order" in chosen.only:
        show_order(bench)
    if "help" in chosen.only:
        show_help(bench)
    if "monotony" in chosen.only:
        show_monotony(sales, chosen.program)
    if "splits" in chosen.only:
        show_splits(sales)


if __name__ == "__main__":
    main()
