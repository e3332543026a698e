"""Trains the forests of an export on a Dask cluster.

    python train.py EXPORT RESULT [--scheduler tcp://HOST:8786] [--workers 2] [--early-stopping 20]

Every worker must see the export under the same path.
"""

import os
import sys
import threading
import time
from pathlib import Path

import dask.dataframe
import distributed
from xgboost import callback, collective
from xgboost import dask as xgboost_dask

sys.path.append(str(Path(__file__).resolve().parent.parent))
import forests  # noqa: E402

TOPIC = "diamonds-progress"


class Progress(callback.TrainingCallback):
    """Runs on the workers: the first of them tells the scheduler how far it is."""

    def __init__(self, forest, rounds):
        self.forest, self.rounds = forest, rounds

    def after_iteration(self, model, epoch, evals_log):
        done = epoch + 1
        if collective.get_rank() == 0 and (done % 10 == 0 or done == self.rounds):
            distributed.get_worker().log_event(TOPIC, {"forest": self.forest, "done": done, "rounds": self.rounds})
        return False


def end_if_a_worker_is_lost(client):
    """A training waits for all of its workers, for ever if one is gone: this ends it instead."""

    def now():
        return set(client.scheduler_info(n_workers=-1)["workers"])

    workers = now()

    def watch():
        while True:
            time.sleep(1)
            lost = workers - now()
            if lost:
                print(f"error: the worker {lost.pop()} is lost: start the training again", file=sys.stderr)
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def try_on_workers(client, export):
    """What has the workers try forests, one each at a time."""
    client.upload_file(forests.__file__)

    def run(trials):
        files = export.files_of_trials()
        futures = [client.submit(forests.try_forests, files, export.label, *trial, pure=False) for trial in trials]
        for done, _ in enumerate(distributed.as_completed(futures), 1):
            forests.progress("trials", done, len(trials))
        return client.gather(futures)

    return run


def train_forest(client, export, rows, forest, early_stopping):
    """The booster of one forest, on all workers."""

    def matrix(part):
        # columns, label and margin must have the same partitions: each is made from what is in the workers' memory already
        column = forests.margin_column(forest)
        margin = part[column] if column else part[export.label] * 0 + forest["base_margin"]
        pieces = client.persist([part[forest["columns"]], part[export.label], margin])
        distributed.wait(pieces)
        columns, label, margin = pieces
        return xgboost_dask.DaskDMatrix(client, columns, label, base_margin=margin)

    part = rows[rows["copy"].isin(forest["copies"])]
    stopping = {}
    if early_stopping:
        stopping = {"evals": [(matrix(part[part["fold"] == 0]), "held_back")], "early_stopping_rounds": early_stopping}
        part = part[part["fold"] != 0]
    output = xgboost_dask.train(
        client,
        forest["parameters"],
        matrix(part),
        num_boost_round=forest["rounds"],
        callbacks=[Progress(forest["name"], forest["rounds"])],
        verbose_eval=False,
        **stopping,
    )
    booster = output["booster"]
    # the trees of the patience are worse than those before them
    return booster[: booster.best_iteration + 1] if early_stopping else booster


def main():
    arguments = forests.arguments(__doc__.splitlines()[0]).parse_args()
    export = forests.Export(arguments.export)
    started = time.monotonic()
    if arguments.scheduler:
        cluster = arguments.scheduler
    else:
        cluster = distributed.LocalCluster(n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None)
    with distributed.Client(cluster) as client:
        client.wait_for_workers(arguments.workers, timeout=120)
        client.subscribe_topic(TOPIC, lambda event: forests.progress(event[1]["forest"], event[1]["done"], event[1]["rounds"]))
        end_if_a_worker_is_lost(client)
        try:
            export.search(try_on_workers(client, export))
            wanted = {column for forest in export.plan["forests"] for column in forest["columns"]}
            wanted |= {"copy", "fold", export.label, "trend"}
            rows = dask.dataframe.read_parquet(export.files(), columns=sorted(wanted))
            # a partition for each worker at least: one without rows would wait for ever
            rows = client.persist(rows.repartition(npartitions=max(arguments.workers, rows.npartitions)))
            distributed.wait(rows)
            boosters = {
                forest["name"]: train_forest(client, export, rows, forest, arguments.early_stopping)
                for forest in export.plan["forests"]
            }
        except Exception as error:
            # if it is for a lost worker, who watches them says so
            time.sleep(3)
            sys.exit(f"error: {forests.first_line(error)}")
        seconds = time.monotonic() - started
        versions = {"dask": dask.__version__, "distributed": distributed.__version__}
        forests.write_result(export, arguments.result, "dask", versions, boosters, seconds)


if __name__ == "__main__":
    main()
