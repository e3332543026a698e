#!/usr/bin/env python3
"""How often the ranges of `diamonds` hold: a file of four fifths, `retrain`, and the other fifth priced by `predict FILE`.

Each split is trained and asked as a user would do it, whole stones and the same stones with their four Cs alone. The range is that of
nine in ten.
"""

import argparse
import pathlib
import subprocess
import tempfile

import pandas as pd
from sklearn.model_selection import train_test_split

from sales import FOUR_CS, MEASURES, SCALES, read_sales

WEIGHT_CLASSES = [0, 0.5, 1, 1.5, 2, 99]


def ask(program, known, asked):
    """The asked stones with their ranges, whole and with their four Cs alone."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)

        def diamonds(*arguments):
            subprocess.run([program, "--db", place / "ranges.duckdb", *arguments], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

        known.to_csv(place / "known.csv", index=False)
        diamonds("ingest", place / "known.csv")
        diamonds("retrain", "--family", "xgboost", "--trials", "1")
        answers = []
        for told, names in (("whole", FOUR_CS + MEASURES), ("four Cs only", FOUR_CS)):
            asked[names].to_csv(place / "asked.csv", index=False)
            out = place / f"{told}.csv"
            diamonds("predict", place / "asked.csv", "--out", out)
            priced = pd.read_csv(out)
            answer = asked.reset_index(drop=True).assign(
                told=told, low=priced.low_usd, high=priced.high_usd, predicted=priced.price_usd)
            answers.append(answer)
    return pd.concat(answers)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sales", help="a CSV file such as `diamonds ingest` takes")
    options.add_argument("--diamonds", required=True, metavar="PROGRAM", help="the built program")
    options.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 21)), metavar="SEED",
                         help="one random split each [default: 1 to 20]")
    chosen = options.parse_args()
    sales = read_sales(chosen.sales)
    asked = pd.concat([ask(chosen.diamonds, *train_test_split(sales, test_size=0.2, random_state=seed))
                       for seed in chosen.seeds])
    has_range = asked.low.notna()
    print(f"{(~has_range).sum()} of {len(asked)} stones had no range: outside of what was sold")
    asked = asked[has_range]
    asked["holds"] = (asked.price >= asked.low) & (asked.price <= asked.high)
    asked["width"] = (asked.high - asked.low) / asked.predicted
    weights = pd.cut(asked.carat, WEIGHT_CLASSES, right=False)
    groups = {"weight": weights, "price": pd.qcut(asked.price, 3, labels=["lower third", "middle third", "upper third"])}
    groups |= {scale: pd.Categorical(asked[scale], grades) for scale, grades in SCALES.items()}
    print(asked.groupby("told").agg(holds=("holds", "mean"), width=("width", "mean"), stones=("holds", "size")))
    for name, values in groups.items():
        print(f"\n{name}, share within and stones")
        print(asked.groupby([values, "told"], observed=True).holds.agg(["mean", "size"]).unstack())


if __name__ == "__main__":
    main()
