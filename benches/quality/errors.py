#!/usr/bin/env python3
"""Where the prices of `diamonds` are off, and what a better stone costs: the tables of docs/errors.md.

Every price is out of fold: the file is parted into five, twice, and each sale is priced by a model of the four parts without it. The
models are those that `retrain` fits unless told otherwise.
"""

import argparse

import numpy as np
import pandas as pd

from sales import SCALES, price_by_diamonds, read_sales

FOLDS, REPEATS = 5, 2
WEIGHT_CLASSES = [(0, 0.5), (0.5, 1), (1, 1.5), (1.5, 2), (2, 99)]
PRICE_CLASSES = [(0, 1_000), (1_000, 2_500), (2_500, 5_000), (5_000, 10_000), (10_000, 15_000), (15_000, 1e9)]


def better(scale):
    def step(stones):
        grades = SCALES[scale]
        return stones.assign(**{scale: stones[scale].map(dict(zip(grades, grades[1:])))}).dropna()

    return step


def heavier(stones, carat, are_sizes_scaled):
    by = np.cbrt((stones.carat + carat) / stones.carat) if are_sizes_scaled else 1
    return stones.assign(carat=(stones.carat + carat).round(2), **{side: (stones[side] * by).round(2) for side in "xyz"})


# What is done to a stone, and whether its price may change at all.
CHANGES = {
    "turned by a quarter": lambda stones: stones.assign(x=stones.y, y=stones.x),
    "colour one better": better("color"),
    "clarity one better": better("clarity"),
    "cut one better": better("cut"),
    "+0.01 ct, sizes as they are": lambda stones: heavier(stones, 0.01, False),
    "+0.05 ct, sizes as they are": lambda stones: heavier(stones, 0.05, False),
    "+0.05 ct, sizes scaled": lambda stones: heavier(stones, 0.05, True),
}


def price_out_of_fold(program, sales):
    """A row for each sale and repeat, with its prices; and for each change a table of the prices before and after."""
    priced, changed = [], {name: [] for name in CHANGES}
    for repeat in range(REPEATS):
        parts = np.random.default_rng(100 + repeat).permutation(len(sales)) % FOLDS
        for fold in range(FOLDS):
            known, asked = sales[parts != fold], sales[parts == fold]
            variants = [asked] + [change(asked) for change in CHANGES.values()]
            # rows that are equal would be one sale
            everything = pd.concat([rows.assign(price=rows.price + number / 100) for number, rows in enumerate(variants)])
            rows, _ = price_by_diamonds(program, known, everything.reset_index(drop=True))
            ends = np.cumsum([len(variant) for variant in variants])
            said = [rows.iloc[end - len(variant):end] for end, variant in zip(ends, variants)]
            priced.append(asked.assign(whole=said[0].predicted_usd.values, four_cs=said[0].four_cs_usd.values))
            before = said[0].set_index(asked.index)
            for name, variant, after in zip(CHANGES, variants[1:], said[1:]):
                after = after.set_index(variant.index)
                changed[name].append(pd.DataFrame({
                    what: after[column] / before.loc[variant.index, column] - 1
                    for what, column in (("whole", "predicted_usd"), ("four_cs", "four_cs_usd"))
                }))
    return pd.concat(priced), {name: pd.concat(parts) for name, parts in changed.items()}


def table(head, rows):
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def tell_errors(name, priced, groups):
    rows = []
    for label, of_group in groups:
        group, error = priced[of_group], (priced.whole - priced.price).abs()
        share = (error[of_group] / group.price) * 100
        rows.append([
            label, f"{len(group) / REPEATS:,.0f}", f"{group.price.mean():,.0f}", f"{error[of_group].mean():,.0f}",
            f"{share.mean():.1f}", f"{share.median():.1f}", f"{(group.whole.sum() / group.price.sum() - 1) * 100:+.1f}",
            f"{error[of_group].sum() / error.sum() * 100:.0f}", f"{(group.four_cs - group.price).abs().mean():,.0f}",
        ])
    table([name, "n", "mean price $", "MAE $", "MAPE %", "half are within %", "bias %", "share of all error %",
           "four Cs only: MAE $"], rows)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sales", help="a CSV file such as `diamonds ingest` takes")
    options.add_argument("--program", required=True, help="the built benches/quality/fit_and_price.rs")
    chosen = options.parse_args()
    priced, changed = price_out_of_fold(chosen.program, read_sales(chosen.sales))

    def classes(values, bounds, unit):
        for low, high in bounds:
            label = f"{unit}{low:,} and more" if high == bounds[-1][1] else f"{unit}{low:,} to {unit}{high:,}"
            yield label, (values >= low) & (values < high)

    tell_errors("weight, ct", priced, [*classes(priced.carat, WEIGHT_CLASSES, ""), ("all", priced.price > 0)])
    tell_errors("price", priced, classes(priced.price, PRICE_CLASSES, "$"))
    tell_errors("price said", priced, classes(priced.whole, PRICE_CLASSES, "$"))
    for scale, grades in SCALES.items():
        tell_errors(scale, priced, [(grade, priced[scale] == grade) for grade in grades])

    rows = []
    for name, changes in changed.items():
        for what, label in (("whole", "whole"), ("four_cs", "four Cs only")):
            change = changes[what] * 100
            falls = -change[change < -0.01]
            rows.append([
                name, label, f"{len(change) / REPEATS:,.0f}", f"{change.median():+.1f}", f"{len(falls) / len(change) * 100:.1f}",
                f"{(falls > 1).sum() / len(change) * 100:.1f}", f"{(falls > 5).sum() / len(change) * 100:.1f}",
                f"{falls.max():.1f}" if len(falls) else "none",
            ])
    table(["change", "told", "stones", "median change %", "fall %", "by over 1 %", "by over 5 %", "worst fall %"], rows)


if __name__ == "__main__":
    main()
