"""Prices stones by a model that `diamonds models export` wrote: python read_model.py FOLDER"""

import json
import sys

import numpy
import pandas
import xgboost

folder = sys.argv[1]
recipe = json.load(open(f"{folder}/recipe.json"))
booster = xgboost.Booster(model_file=f"{folder}/{recipe['model']}")
stones = pandas.read_parquet(f"{folder}/probes.parquet")
# the trees say the logarithm of the price, less the margin that they are added to
prices = numpy.exp(booster.predict(xgboost.DMatrix(stones[booster.feature_names])) + stones["margin"])
print("worst difference to what diamonds says, as a share:", (prices / stones["price_usd"] - 1).abs().max())
