"""What every job has in common: reading an export, and writing what was trained as `diamonds models import` reads it."""

import argparse
import hashlib
import json
import platform
import time
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet
import xgboost

FORMAT = 1
# rows that a trial sees, at the most: a part of the sales, evenly chosen, that one worker takes in its stride
SEARCHED_ROWS = 600_000
# the copy of a sale that tells all of it
WHOLE = 0


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("export", type=Path, help="the folder that `diamonds export sales` wrote, as the workers see it")
    parser.add_argument("result", type=Path, help="the folder for the forests, which is made")
    parser.add_argument("--scheduler", help="address of a cluster; left out, one is started here")
    parser.add_argument("--workers", type=int, default=2, help="workers to train with [default: 2]")
    parser.add_argument(
        "--early-stopping",
        type=int,
        metavar="ROUNDS",
        help="hold one fold in ten back, stop when it has not got better for so many rounds, and keep the trees up to the best",
    )
    return parser


class Export:
    """Exported sales: their manifest, and where their files are."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        if self.manifest["format"] != FORMAT:
            raise SystemExit(f"{folder} is of form {self.manifest['format']}, and this job knows form {FORMAT}")
        self.plan = self.manifest["plan"]
        self.label = self.manifest["label"]
        # what the trials came to, and the place of the one that is trained
        self.tried, self.chosen = [], None
        missing = [file["path"] for file in self.manifest["files"] if not (self.folder / file["path"]).exists()]
        if missing:
            raise SystemExit(f"{folder} lacks {missing[0]}: copy the whole folder")

    def files(self):
        return [str(self.folder / file["path"]) for file in self.manifest["files"]]

    def files_of_trials(self):
        """Files with rows enough for trials: sales are in a file by a hash, so those of the first files are like all others."""
        files, rows = [], 0
        for path, file in zip(self.files(), self.manifest["files"]):
            files.append(path)
            rows += file["rows"]
            if rows >= SEARCHED_ROWS:
                break
        return files

    def search(self, run):
        """Tries the trials of the plan, and puts the forests of the best in their place. `run` gets a list of forests and of the fold to
        hold back, and returns for each what `try_forests` does."""
        trials = self.plan.get("trials", [])
        if not trials:
            return
        tried = run([(trial["forests"], 0) for trial in trials])
        self.tried = [{"mae_usd": float(errors.mean()), "seconds": seconds} for errors, seconds in tried]
        best = min(range(len(trials)), key=lambda number: self.tried[number]["mae_usd"])
        if best != 0:
            # the best of many is often the luckiest: it must be better once more, on other sales
            (of_start, _), (of_best, _) = run([(trials[0]["forests"], 1), (trials[best]["forests"], 1)])
            best = best if is_better_by_more_than_luck(of_best, of_start) else 0
        self.chosen = best
        self.plan["forests"] = trials[best]["forests"]
        print(f"trial {best + 1} of {len(trials)} is trained, which erred by ${self.tried[best]['mae_usd']:.2f}", flush=True)

    def probes(self):
        return pyarrow.parquet.read_table(self.folder / "probes.parquet").to_pydict()


def margin_column(forest):
    """The column that the trees of a forest are added to; None if that is the same number for all rows."""
    margin = forest["base_margin"]
    return margin if isinstance(margin, str) else None


def is_better_by_more_than_luck(errors, others):
    """Whether the mean of the differences is below zero by more than twice its standard error; both are of the same stones."""
    differences = errors - others
    return differences.mean() < -1.96 * differences.std(ddof=1) / len(differences) ** 0.5


def try_forests(files, label, forests, fold):
    """The absolute error in US dollars for each whole stone of the fold that is held back, and the seconds that it took. Runs on a worker,
    with one thread: other workers try other forests."""
    started = time.monotonic()
    columns = {column for forest in forests for column in forest["columns"]} | {label, "copy", "fold", "trend"}
    table = pyarrow.parquet.ParquetDataset(files).read(columns=sorted(columns))
    rows = {name: table.column(name).to_numpy() for name in table.column_names}
    held_back = (rows["fold"] == fold) & (rows["copy"] == WHOLE)

    def matrix(forest, chosen):
        column = margin_column(forest)
        margins = rows[column] if column else numpy.full(len(chosen), forest["base_margin"], dtype=numpy.float32)
        seen = numpy.column_stack([rows[column][chosen] for column in forest["columns"]])
        return xgboost.DMatrix(seen, rows[label][chosen], base_margin=margins[chosen], nthread=1)

    log_prices = numpy.zeros(held_back.sum())
    for forest in forests:
        learnt = numpy.isin(rows["copy"], forest["copies"]) & (rows["fold"] != fold)
        booster = xgboost.train({**forest["parameters"], "nthread": 1}, matrix(forest, learnt), forest["rounds"])
        log_prices += booster.predict(matrix(forest, held_back), output_margin=True) / len(forests)
    return abs(numpy.exp(log_prices) - numpy.exp(rows[label][held_back])), time.monotonic() - started


def first_line(error):
    """What an error says, without the places in the library's code that follow."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def progress(forest, done, rounds):
    """Tells how far a forest is, in a form that `diamonds retrain --on` reads."""
    print(f"progress {forest} {done}/{rounds}", flush=True)


def write_result(export, folder, engine, versions, boosters, seconds):
    """Writes the boosters, what they say of the probes, and a report, into a new folder."""
    folder.mkdir(parents=True)
    probes = export.probes()
    prices = {"probe": pyarrow.array(probes["probe"], pyarrow.int64())}
    log_prices = numpy.zeros(len(probes["probe"]))
    forests = []
    for forest in export.plan["forests"]:
        booster = boosters[forest["name"]]
        file = f"{forest['name']}.ubj"
        booster.save_model(folder / file)
        rows_of_probes = numpy.array([probes[column] for column in forest["columns"]], dtype=numpy.float32).T
        matrix = xgboost.DMatrix(rows_of_probes, feature_names=forest["columns"])
        # the trees alone, in single precision; what they are added to follows in double precision
        sums = booster.predict(matrix, output_margin=True)
        column = margin_column(forest)
        log_prices += sums.astype(numpy.float64) + numpy.array(probes[column] if column else forest["base_margin"])
        prices[forest["name"]] = pyarrow.array(sums, pyarrow.float32())
        forests.append({
            "name": forest["name"],
            "file": file,
            "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest(),
            "rounds": booster.num_boosted_rounds(),
            "parameters": forest["parameters"],
        })
    prices["price_usd"] = pyarrow.array(numpy.exp(log_prices / len(forests)), pyarrow.float64())
    pyarrow.parquet.write_table(pyarrow.table(prices), folder / "probe_prices.parquet")
    result = {
        "format": FORMAT,
        "export": export.manifest["export"],
        "engine": engine,
        "versions": {**versions, "xgboost": xgboost.__version__, "python": platform.python_version()},
        "rows": export.manifest["rows"],
        "seconds": seconds,
        "forests": forests,
    }
    if export.chosen is not None:
        result |= {"trial": export.chosen, "trials": export.tried}
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{len(forests)} forests in {folder}: diamonds models import {folder}")
