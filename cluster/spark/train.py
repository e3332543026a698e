"""Trains the forests of an export on a Spark cluster.

    python train.py EXPORT RESULT [--scheduler spark://HOST:7077] [--workers 2] [--early-stopping 20]

Every worker must see the export under the same path. A training is a barrier stage: it starts when a core is free for each worker at
the same time.
"""

import os
import sys
import time
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession, functions
from xgboost.spark import SparkXGBRegressor

sys.path.append(str(Path(__file__).resolve().parent.parent))
import forests  # noqa: E402

# the names that the regressor has for parameters of the library
NAMES = {"eta": "learning_rate", "lambda": "reg_lambda", "alpha": "reg_alpha", "seed": "random_state"}


def session(arguments):
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("diamonds").master(arguments.scheduler or f"local[{arguments.workers}]")
    settings = {
        "spark.cores.max": arguments.workers,
        "spark.executor.cores": 1,
        "spark.executor.memory": arguments.executor_memory,
        # one try: a training that has lost a worker cannot go on
        "spark.task.maxFailures": 1,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def try_on_workers(context, export):
    """What has the workers try forests, one each at a time."""
    context.addPyFile(forests.__file__)
    files, label = export.files_of_trials(), export.label

    def run(trials):
        forests.progress("trials", 0, len(trials))
        tried = context.parallelize(trials, len(trials)).map(lambda trial: forests.try_forests(files, label, *trial)).collect()
        forests.progress("trials", len(trials), len(trials))
        return tried

    return run


def train_forest(export, rows, forest, arguments):
    """The booster of one forest, on all workers."""
    column = forests.margin_column(forest)
    margin = functions.col(column) if column else functions.lit(float(forest["base_margin"]))
    part = rows.where(functions.col("copy").isin(forest["copies"])).withColumn("base_margin", margin.cast("float"))
    stopping = {}
    if arguments.early_stopping:
        part = part.withColumn("held_back", functions.col("fold") == 0)
        stopping = {"validation_indicator_col": "held_back", "early_stopping_rounds": arguments.early_stopping}
    regressor = SparkXGBRegressor(
        features_col=forest["columns"],
        label_col=export.label,
        base_margin_col="base_margin",
        n_estimators=forest["rounds"],
        num_workers=arguments.workers,
        verbose=False,
        **{NAMES.get(name, name): value for name, value in forest["parameters"].items()},
        **stopping,
    )
    forests.progress(forest["name"], 0, forest["rounds"])
    booster = regressor.fit(part).get_booster()
    forests.progress(forest["name"], forest["rounds"], forest["rounds"])
    # the trees of the patience are worse than those before them
    return booster[: booster.best_iteration + 1] if arguments.early_stopping else booster


def main():
    parser = forests.arguments(__doc__.splitlines()[0])
    parser.add_argument("--executor-memory", default="1g", help="memory of each worker's process [default: 1g]")
    arguments = parser.parse_args()
    export = forests.Export(arguments.export)
    started = time.monotonic()
    spark = session(arguments)
    try:
        export.search(try_on_workers(spark.sparkContext, export))
        rows = spark.read.parquet(*export.files())
        boosters = {
            forest["name"]: train_forest(export, rows, forest, arguments) for forest in export.plan["forests"]
        }
        java = spark.sparkContext._jvm.System.getProperty("java.version")
    except Exception as error:
        sys.exit(f"error: a worker is lost or fails, start the training again: {forests.first_line(error)}")
    finally:
        spark.stop()
    seconds = time.monotonic() - started
    versions = {"pyspark": pyspark.__version__, "java": java}
    forests.write_result(export, arguments.result, "spark", versions, boosters, seconds)


if __name__ == "__main__":
    main()
