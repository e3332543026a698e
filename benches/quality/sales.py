"""What the comparisons share: a file of sales, its splits, and the program's own prices."""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
import pandas as pd

SIZES = ["x", "y", "z"]
MEASURES = ["depth", "table", *SIZES]
FOUR_CS = ["carat", "cut", "color", "clarity"]
# Worst first.
SCALES = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": list("JIHGFED"),
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}


def read_sales(path):
    """The sales of a file without the rows that the notebook drops."""
    sales = pd.read_csv(path)
    return sales[(sales.price > 0) & (sales.x * sales.y * sales.z > 0)]


def price_by_diamonds(program, known, asked, trials=1, budget=None, seed=1):
    """Fits the program's boosted trees to `known` and prices `asked`, which may lack measures: a table with a row for each of
    `asked` (`predicted_usd`, `without_sizes_usd`, `four_cs_usd`), and how long the fit took, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, name) for name in ("known.csv", "asked.csv")]
        for path, sales in zip(files, (known, asked)):
            sales.to_csv(path, index=False)
        command = [program, *files, "xgboost", str(seed), str(trials)] + ([str(budget)] if budget else [])
        document = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    rows = pd.DataFrame(document["rows"], index=asked.index[: len(document["rows"])])
    if rows.price_usd.tolist() != asked.price.tolist():
        raise SystemExit(f"error: {program} priced other sales than it was asked to: {len(rows)} of {len(asked)}")
    return rows, document["fit_seconds"]


def interval_of_mean(values):
    """The 95 % bootstrap interval of the mean of `values`."""
    random, values = np.random.default_rng(0), np.asarray(values)
    draws = [random.choice(values, len(values)).mean() for _ in range(2_000 if len(values) > 1_000 else 20_000)]
    return np.percentile(draws, [2.5, 97.5])
