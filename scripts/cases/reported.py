"""Pipelines as people report them to sklearn-onnx, onnxmltools and CatBoost: text columns, missing cells, several
inputs, ensembles of ensembles. Above each, what the reporter did and where.

The tables are made here, alike in form to those of the reports.
"""

import functools
import pathlib
import tempfile

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_operator import OnnxSubEstimator
from skl2onnx.algebra.onnx_ops import OnnxExp
from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes
from sklearn import (
	calibration,
	datasets,
	decomposition,
	ensemble,
	feature_extraction,
	feature_selection,
	impute,
	linear_model,
	mixture,
	multiclass,
	multioutput,
	naive_bayes,
	pipeline,
	preprocessing,
	svm,
	tree,
)
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.pipeline import make_pipeline

from common import BOOSTERS, SEED, Case

SEEDED = dict(random_state=SEED)
QUIET = dict(verbose=-1, n_jobs=1, **SEEDED)
NUMBERS, TEXTS = ["age", "fare"], ["embarked", "sex", "pclass"]


@functools.cache
def passengers():
	"""Alike to the Titanic's: numbers and texts with missing cells, small integers, a class that follows from them."""
	random, count = np.random.default_rng(SEED), 400
	sex = random.choice(["female", "male"], count, p=[0.36, 0.64])
	pclass = random.choice([1, 2, 3], count, p=[0.25, 0.2, 0.55])
	embarked = random.choice(["C", "Q", "S", ""], count, p=[0.2, 0.1, 0.66, 0.04])
	age = np.clip(random.normal(30, 13, count), 1, 80).round()
	fare = np.exp(random.normal(4.6 - 0.7 * pclass, 0.5, count)).round(4)
	family = random.poisson(0.5, count)
	odds = 2.4 * (sex == "female") - 0.9 * (pclass - 2) - 0.03 * (age - 30) + 0.5 * (embarked == "C") - 1
	survived = (random.random(count) < 1 / (1 + np.exp(-odds))).astype(np.int64)
	age[random.random(count) < 0.2] = np.nan
	table = pd.DataFrame(
		{
			"pclass": pclass.astype(np.int64),
			"sex": pd.Series(sex, dtype=object),
			"age": age.astype(np.float32),
			"sibsp": family.astype(np.int64),
			"fare": fare.astype(np.float32),
			"embarked": pd.Series(embarked, dtype=object),
		}
	)
	return table, survived


def titanic(text_class=True):
	"""The columns of the documentation's example, the class of the cabin as text or as a number."""
	table, survived = passengers()
	table = table[NUMBERS + TEXTS].copy()
	if text_class:
		table["pclass"] = table["pclass"].astype(str).astype(object)
	return table, survived


@functools.cache
def rentals():
	"""Alike to the Bike_Sharing_Demand of OpenML: seasons, weather, two columns of truth values, hours."""
	random, count = np.random.default_rng(SEED), 400
	table = pd.DataFrame(
		{
			"season": pd.Series(random.choice(["fall", "spring", "summer", "winter"], count), dtype=object),
			"month": random.integers(1, 13, count),
			"hour": random.integers(0, 24, count),
			"holiday": random.random(count) < 0.1,
			"weekday": random.integers(0, 7, count),
			"workingday": random.random(count) < 0.7,
			"weather": pd.Series(random.choice(["clear", "misty", "rain"], count, p=[0.6, 0.3, 0.1]), dtype=object),
			"temp": random.normal(20, 7, count).round(2).astype(np.float32),
			"windspeed": random.gamma(2, 6, count).astype(np.float32),
		}
	)
	rush = np.isin(table["hour"], [8, 17, 18]) & table["workingday"]
	y = 40 + 5 * table["temp"] + 180 * rush - 60 * (table["weather"] == "rain") + 20 * (table["season"] == "fall")
	return table, np.clip(y + random.normal(0, 15, count), 1, None).to_numpy()


@functools.cache
def letters():
	"""Short messages of two sorts, and the number of characters as people add it."""
	random, count = np.random.default_rng(SEED), 300
	common = "the a and to you of it is for on we at".split()
	sorts = (
		"meeting tomorrow report lunch project thanks regards schedule team office notes agenda".split(),
		"winner cash prize free offer click urgent claim credit limited deal bonus".split(),
	)
	y = random.integers(0, 2, count)
	texts = []
	for sort in y:
		words = [*random.choice(common, 4), *random.choice(sorts[sort], 3), *random.choice(sorts[1 - sort], 1)]
		random.shuffle(words)
		text = " ".join(words)
		texts.append(text.capitalize() + random.choice([".", "!", ', "free"', ""]))
	table = pd.DataFrame({"message": pd.Series(texts, dtype=object)})
	table["length"] = table["message"].str.len().astype(np.float32)
	return table, y


@functools.cache
def classes(count=400, features=6, sorts=2):
	x, y = datasets.make_classification(
		count, features, n_informative=4, n_classes=sorts, random_state=SEED, n_redundant=0
	)
	return x.astype(np.float32), y


def encoder(**options):
	return preprocessing.OneHotEncoder(handle_unknown="ignore", **options)


def numbers(strategy="median"):
	return make_pipeline(impute.SimpleImputer(strategy=strategy), preprocessing.StandardScaler())


def missing_texts(**options):
	return impute.SimpleImputer(missing_values="", **options)


def forest(**options):
	return ensemble.RandomForestClassifier(10, max_depth=4, **SEEDED, **options)


def logistic(**options):
	return linear_model.LogisticRegression(max_iter=2000, **options)


def xgb(kind=xgboost.XGBClassifier, **options):
	return kind(n_estimators=15, max_depth=3, n_jobs=1, **SEEDED, **options)


def lgbm(kind=lightgbm.LGBMClassifier, **options):
	return kind(n_estimators=15, num_leaves=8, **QUIET, **options)


def convert_log_target(scope, operator, container):
	"""The converter for target_log, for the one function that we use."""
	inner = OnnxSubEstimator(operator.raw_operator.regressor_, operator.inputs[0], op_version=container.target_opset)
	exp = OnnxExp(inner, op_version=container.target_opset, output_names=operator.outputs)
	exp.add_to(scope, container)


def cases():
	update_registered_converter(
		TransformedTargetRegressor,
		"SklearnTransformedTargetRegressor",
		calculate_linear_regressor_output_shapes,
		convert_log_target,
	)
	yield from on_passengers()
	yield from on_rentals()
	yield from on_letters()
	yield from ensembles()
	yield from transformers()
	yield from outliers()
	yield from regressors()
	yield from categories()


def on_passengers():
	table, survived = titanic()
	unseen = dict(unseen="embarked")

	def preprocess(texts, more=()):
		return ColumnTransformer([("num", numbers(), NUMBERS), ("cat", texts, TEXTS), *more])

	# The example of sklearn-onnx's documentation (plot_complex_pipeline): missing numbers are the median, missing
	# texts the word "missing", and every column is an input of the graph.
	# https://github.com/onnx/onnxmltools/issues/176, https://github.com/onnx/sklearn-onnx/issues/671
	# Missing texts are the empty one, as the converter has them: https://github.com/onnx/sklearn-onnx/issues/681 and
	# https://github.com/onnx/sklearn-onnx/issues/980.
	filled = lambda: make_pipeline(missing_texts(strategy="constant", fill_value="missing"), encoder())
	for name, model in (("logreg", logistic()), ("rf", forest())):
		yield Case(f"titanic_{name}", table, survived, make_pipeline(preprocess(filled()), model), "columns", **unseen)

	# An XGBClassifier after OneHotEncoder for texts and SimpleImputer and StandardScaler for numbers: other
	# probabilities than in Python, as the sparse zeros are missing values to XGBoost unless it is told that they are
	# not. https://github.com/onnx/sklearn-onnx/issues/1046, https://github.com/onnx/onnxmltools/issues/371
	yield Case(
		"titanic_xgboost",
		table,
		survived,
		make_pipeline(preprocess(encoder(sparse_output=False)), xgb()),
		"columns",
		opsets=BOOSTERS,
	)
	yield Case(
		"titanic_lightgbm",
		table,
		survived,
		make_pipeline(preprocess(encoder(sparse_output=False)), lgbm()),
		"columns",
		opsets=BOOSTERS,
	)

	# The inputs are two, numbers and texts, and the columns go by their numbers, with a TruncatedSVD of the encoded:
	# http://onnx.ai/sklearn-onnx/pipeline.html, and https://github.com/onnx/sklearn-onnx/issues/26
	reduced = make_pipeline(encoder(), decomposition.TruncatedSVD(2, algorithm="arpack", **SEEDED))
	yield Case(
		"two_inputs_svd",
		table,
		survived,
		make_pipeline(
			ColumnTransformer([("num", numbers(), [0, 1]), ("cat", reduced, [2, 3, 4])]),
			logistic(class_weight={0: 0.4, 1: 0.6}),
		),
		{"numfeat": NUMBERS, "strfeat": TEXTS},
	)

	# OrdinalEncoder with a code for unknown texts, missing texts as the empty one: the conversion failed at
	# LabelEncoder. https://github.com/onnx/sklearn-onnx/issues/830
	ordinal = lambda: preprocessing.OrdinalEncoder(dtype=np.int64, handle_unknown="use_encoded_value", unknown_value=-1)
	encoded = lambda: make_pipeline(missing_texts(strategy="most_frequent"), ordinal())
	yield Case(
		"ordinal_unknown", table, survived, make_pipeline(preprocess(encoded()), logistic()), "columns", **unseen
	)
	# Integers and a scaler, and an XGBoost whose converter was not registered.
	# https://github.com/onnx/sklearn-onnx/issues/1076
	yield Case(
		"ordinal_xgboost", table, survived, make_pipeline(preprocess(ordinal()), xgb()), "columns", opsets=BOOSTERS
	)
	# Texts that are rare have one column together. https://github.com/onnx/sklearn-onnx/issues/1215 is of the
	# OrdinalEncoder; this is the encoder that the same people use. In ours, Q is rare.
	yield Case(
		"onehot_rare",
		table,
		survived,
		make_pipeline(preprocess(encoder(min_frequency=40)), logistic()),
		"columns",
		**unseen,
	)
	# The mean of the target for each text: a converter was asked for and came with 1.19.
	# https://github.com/onnx/sklearn-onnx/issues/1178
	yield Case(
		"target_encoder",
		table,
		survived,
		make_pipeline(preprocess(preprocessing.TargetEncoder(target_type="binary", **SEEDED)), logistic()),
		"columns",
		**unseen,
	)

	# OneHotEncoder on texts, the remainder is passed through, inputs are int64, float and string by the data frame's
	# own types. https://github.com/onnx/sklearn-onnx/issues/506
	mixed, survived = passengers()
	mixed = mixed.fillna({"age": 30})
	rest = ColumnTransformer([("onehot", encoder(sparse_output=False), ["sex", "embarked"])], remainder="passthrough")
	yield Case("passthrough_xgboost", mixed, survived, make_pipeline(rest, xgb()), "columns", opsets=BOOSTERS)
	yield Case("passthrough_rf", mixed, survived, make_pipeline(rest, forest()), "columns")

	# Texts only, in one input of three columns, then LightGBM. https://github.com/onnx/onnxmltools/issues/175
	yield Case(
		"texts_lightgbm",
		table[TEXTS],
		survived,
		make_pipeline(encoder(sparse_output=False), lgbm()),
		{"input": TEXTS},
		opsets=BOOSTERS,
		**unseen,
	)
	# Numbers that are codes, in the same table as the others, encoded by position: OrdinalEncoder for the first, the
	# remainder passed through, LightGBM. https://github.com/onnx/sklearn-onnx/issues/393
	codes = mixed[["pclass", "sibsp", "age", "fare"]].to_numpy(np.float32)
	yield Case(
		"ordinal_lightgbm",
		codes,
		survived,
		make_pipeline(
			ColumnTransformer([("cat_encode", preprocessing.OrdinalEncoder(), [0, 1])], remainder="passthrough"),
			lgbm(),
		),
		{"input": ["f0", "f1", "f2", "f3"]},
		opsets=BOOSTERS,
	)
	# A float and an integer in inputs of their own, scaled together, then LightGBM: the shapes of the inputs and those
	# of the scaler are not the same. https://github.com/onnx/sklearn-onnx/issues/1138
	yield Case(
		"float_int_lightgbm",
		mixed[["age", "pclass"]],
		survived,
		make_pipeline(preprocessing.StandardScaler(), lgbm()),
		"columns",
		opsets=BOOSTERS,
	)
	# An int64 column into OneHotEncoder, floats into RobustScaler: all predictions were 0.
	# https://github.com/onnx/sklearn-onnx/issues/321
	yield Case(
		"int_onehot_robust",
		mixed[["pclass", "age", "fare"]],
		survived,
		make_pipeline(
			ColumnTransformer([("cat", encoder(), ["pclass"]), ("num", preprocessing.RobustScaler(), ["age", "fare"])]),
			logistic(),
		),
		"columns",
	)
	# Calibration around the logistic regression of the Titanic example, in a pipeline: other probabilities.
	# https://github.com/onnx/sklearn-onnx/issues/301
	yield Case(
		"titanic_calibrated",
		table,
		survived,
		make_pipeline(preprocess(filled()), calibration.CalibratedClassifierCV(logistic(), method="sigmoid", cv=3)),
		"columns",
	)
	# The target is a text, and the scores come as a list of maps, one for each row (ZipMap is the default).
	# https://github.com/onnx/sklearn-onnx/issues/671
	words = np.where(survived == 1, "survived", "died").astype(object)
	yield Case(
		"titanic_words", table, words, make_pipeline(preprocess(filled()), logistic()), "columns", options={}, **unseen
	)


def on_rentals():
	table, count = rentals()
	texts, rest = ["season", "weather"], ["month", "hour", "weekday", "temp", "windspeed"]
	# OrdinalEncoder with dtype=np.int64 on texts and truth values, the rest passed through, a forest that regresses:
	# the conversion failed at the truth values, and today writes a graph that is none (a LabelEncoder of bool). With
	# integers in their place it converts. https://github.com/onnx/sklearn-onnx/issues/1047
	regressor = lambda: ensemble.RandomForestRegressor(10, max_depth=5, **SEEDED)
	bits = table.astype({"holiday": np.int64, "workingday": np.int64})
	for name, columns in (("bits", [*texts, "holiday", "workingday"]), ("texts", texts)):
		ordinal = preprocessing.OrdinalEncoder(dtype=np.int64)
		yield Case(
			f"rentals_{name}",
			bits[[*columns, *rest]],
			count,
			make_pipeline(
				ColumnTransformer(
					[("cat", ordinal, columns), ("num", "passthrough", rest)],
					sparse_threshold=1,
					verbose_feature_names_out=False,
				),
				regressor(),
			),
			"columns",
		)
	# Missing integers are -1, encoded; missing numbers the median; a linear regression.
	# https://github.com/onnx/sklearn-onnx/issues/997
	whole = table[["temp", "windspeed", "weekday", "month"]].astype(np.float32).copy()
	random = np.random.default_rng(SEED)
	for column in whole:
		whole.loc[random.random(len(whole)) < 0.1, column] = np.nan
	yield Case(
		"constant_imputer",
		whole,
		count,
		make_pipeline(
			ColumnTransformer(
				[
					("num", impute.SimpleImputer(strategy="median"), ["temp", "windspeed"]),
					(
						"cat",
						make_pipeline(impute.SimpleImputer(strategy="constant", fill_value=-1), encoder()),
						["weekday", "month"],
					),
				]
			),
			linear_model.LinearRegression(),
		),
		"columns",
	)
	# The parts of a date as integers, in bins; QuantileTransformer was asked for in the same threads and has no
	# converter. https://github.com/onnx/sklearn-onnx/issues/437
	parts = table[["month", "hour", "weekday", "temp"]]
	yield Case(
		"date_bins",
		parts,
		count,
		make_pipeline(
			ColumnTransformer(
				[
					(
						"hour",
						preprocessing.KBinsDiscretizer(6, encode="onehot-dense", strategy="uniform"),
						["hour"],
					),
					("day", encoder(), ["weekday", "month"]),
					("temp", preprocessing.MinMaxScaler(), ["temp"]),
				]
			),
			linear_model.Ridge(),
		),
		"columns",
	)
	# Counts of a Poisson regression on encoded texts and scaled numbers.
	# https://github.com/onnx/sklearn-onnx/pull/750
	glm = ColumnTransformer([("cat", encoder(), texts), ("num", preprocessing.StandardScaler(), ["temp", "windspeed"])])
	for name, model in (("poisson", linear_model.PoissonRegressor()), ("gamma", linear_model.GammaRegressor())):
		yield Case(f"rentals_{name}", table[[*texts, "temp", "windspeed"]], count, make_pipeline(glm, model), "columns")


def on_letters():
	table, y = letters()
	only = table[["message"]]
	text = feature_extraction.text

	def vectorized(vectorizer, *steps):
		return make_pipeline(ColumnTransformer([("text", vectorizer, 0)]), *steps)

	# CountVectorizer, TfidfTransformer and LinearSVC, the tutorial on working with text data.
	# https://github.com/onnx/sklearn-onnx/issues/72
	yield Case(
		"letters_svc",
		only,
		y,
		vectorized(text.CountVectorizer(), text.TfidfTransformer(), svm.LinearSVC(**SEEDED)),
		{"input": ["message"]},
	)
	# TfidfVectorizer with a limit of words, and one logistic regression for each class.
	# https://github.com/onnx/sklearn-onnx/issues/977, https://github.com/onnx/sklearn-onnx/issues/822
	yield Case(
		"letters_tfidf",
		only,
		y,
		vectorized(text.TfidfVectorizer(max_features=30), logistic(C=100)),
		{"input": ["message"]},
	)
	yield Case(
		"letters_ovr",
		only,
		y,
		vectorized(text.TfidfVectorizer(max_features=30), multiclass.OneVsRestClassifier(logistic(C=100))),
		{"input": ["message"]},
	)
	# Counts of words, pairs of words, and naive Bayes. https://github.com/onnx/sklearn-onnx/issues/717
	yield Case(
		"letters_bayes",
		only,
		y,
		vectorized(text.CountVectorizer(ngram_range=(1, 2)), naive_bayes.MultinomialNB()),
		{"input": ["message"]},
	)
	# A column of text beside a number: https://github.com/onnx/sklearn-onnx/issues/822
	beside = ColumnTransformer(
		[("text", text.TfidfVectorizer(max_features=30), "message"), ("num", preprocessing.MinMaxScaler(), ["length"])]
	)
	yield Case("letters_number", table, y, make_pipeline(beside, logistic()), "columns")
	# Characters instead of words. https://github.com/onnx/sklearn-onnx/issues/82
	yield Case(
		"letters_characters",
		only,
		y,
		vectorized(text.TfidfVectorizer(analyzer="char", max_features=25), logistic()),
		{"input": ["message"]},
	)


def ensembles():
	x, y = classes()
	three, sorts = classes(sorts=3)
	on = lambda name, model, **options: Case(name, x, y, model, **options)
	# Isotonic calibration of a forest: other probabilities in single precision. With a sigmoid, an error.
	# https://github.com/onnx/sklearn-onnx/issues/1151, https://github.com/onnx/sklearn-onnx/issues/769
	for method in ("isotonic", "sigmoid"):
		yield on(f"calibrated_rf_{method}", calibration.CalibratedClassifierCV(forest(), method=method, cv=3))
	# Calibration of a pipeline: silently wrong, so ONNX Runtime is not what scikit-learn says.
	# https://github.com/onnx/sklearn-onnx/issues/1246
	yield on(
		"calibrated_pipeline",
		calibration.CalibratedClassifierCV(make_pipeline(preprocessing.StandardScaler(), logistic()), cv=3),
	)
	# Three classes, prefit estimators and the like: https://github.com/onnx/sklearn-onnx/issues/200
	yield Case("calibrated_three", three, sorts, calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=3))
	# A vote of XGBoost, LightGBM and a logistic regression, soft. https://github.com/onnx/sklearn-onnx/issues/936
	voters = lambda: [("xgb", xgb()), ("lgb", lgbm()), ("lr", logistic())]
	yield on(
		"voting_boosters",
		ensemble.VotingClassifier(voters(), voting="soft", flatten_transform=False),
		opsets=BOOSTERS,
	)
	# XGBoost and naive Bayes: "flatten_transform is not implemented". Weights in a list fail, too.
	# https://github.com/onnx/sklearn-onnx/issues/1071
	yield on(
		"voting_bayes",
		ensemble.VotingClassifier(
			[("xgb", xgb()), ("nb", naive_bayes.GaussianNB())],
			voting="soft",
			weights=np.array([2, 1]),
			flatten_transform=False,
		),
		opsets=BOOSTERS,
	)
	# The same with the default options: no converter. https://github.com/onnx/sklearn-onnx/issues/867
	yield on("voting_flat", ensemble.VotingClassifier([("rf", forest()), ("lr", logistic())], voting="soft"))
	yield Case(
		"voting_hard",
		three,
		sorts,
		ensemble.VotingClassifier(
			[("rf", forest()), ("lr", logistic()), ("nb", naive_bayes.GaussianNB())], flatten_transform=False
		),
	)
	# A vote of pipelines. https://github.com/onnx/sklearn-onnx/pull/723 (issues 712, 716 and 717)
	yield on(
		"voting_pipelines",
		ensemble.VotingClassifier(
			[
				("a", make_pipeline(preprocessing.StandardScaler(), logistic())),
				("b", make_pipeline(preprocessing.MinMaxScaler(), tree.DecisionTreeClassifier(max_depth=4, **SEEDED))),
			],
			voting="soft",
			flatten_transform=False,
		),
	)
	# Two XGBoosts below a logistic regression, in a pipeline. https://github.com/onnx/sklearn-onnx/issues/817
	yield on(
		"stacking_xgboost",
		make_pipeline(
			preprocessing.StandardScaler(),
			ensemble.StackingClassifier(
				[("a", xgb()), ("b", xgb(learning_rate=0.1))], stack_method="predict_proba", cv=3
			),
		),
		opsets=BOOSTERS,
	)
	yield Case(
		"stacking_three",
		three,
		sorts,
		ensemble.StackingClassifier([("rf", forest()), ("lr", logistic())], forest(), cv=3, passthrough=True),
	)
	# Bagging of linear models and of pipelines of two columns each. https://github.com/onnx/sklearn-onnx/issues/365
	yield on("bagging_logreg", ensemble.BaggingClassifier(logistic(), 5, max_features=3, **SEEDED))
	# Two classes gave other probabilities. https://github.com/onnx/sklearn-onnx/issues/1117
	yield on("adaboost_two", ensemble.AdaBoostClassifier(n_estimators=10, **SEEDED))
	yield Case(
		"adaboost_deep",
		three,
		sorts,
		ensemble.AdaBoostClassifier(
			tree.DecisionTreeClassifier(max_depth=3, **SEEDED), n_estimators=8, learning_rate=0.7, **SEEDED
		),
	)
	# One forest for each class. https://github.com/onnx/sklearn-onnx/issues/339
	yield Case("ovr_rf", three, sorts, multiclass.OneVsRestClassifier(forest()))
	# Several targets at once. https://github.com/onnx/sklearn-onnx/issues/779, and a forest whose target has two
	# columns: https://github.com/onnx/sklearn-onnx/issues/656
	both = np.c_[y, (x[:, 0] > x[:, 1]).astype(int)]
	yield Case("multioutput_classifier", x, both, multioutput.MultiOutputClassifier(forest()))
	yield Case("two_labels_rf", x, both, forest())
	# Naive Bayes of each sort. https://github.com/onnx/sklearn-onnx/issues/429
	counts = np.floor(np.abs(x) * 2).clip(0, 5).astype(np.float32)
	for name, model in (
		("multinomial", naive_bayes.MultinomialNB()),
		("complement", naive_bayes.ComplementNB()),
		("bernoulli", naive_bayes.BernoulliNB(binarize=1.0)),
		("categorical", naive_bayes.CategoricalNB(min_categories=6)),
	):
		yield Case(f"bayes_{name}", counts, y, model)


def transformers():
	x, y = classes()
	holes = x.copy()
	holes[np.random.default_rng(SEED).random(x.shape) < 0.1] = np.nan
	on = lambda name, *steps: Case(name, x, y, make_pipeline(*steps))
	# https://github.com/onnx/onnxmltools/issues/84 and https://github.com/onnx/sklearn-onnx/issues/193
	yield on(
		"feature_union",
		pipeline.FeatureUnion(
			[("pca", decomposition.PCA(3, **SEEDED)), ("svd", decomposition.TruncatedSVD(2, **SEEDED))],
			transformer_weights={"pca": 10, "svd": 3},
		),
		logistic(),
	)
	# A selector before a scaler. https://github.com/onnx/sklearn-onnx/pull/1156
	yield on("select_scaler", feature_selection.SelectKBest(k=3), preprocessing.StandardScaler(), logistic())
	# Selectors in general: https://github.com/onnx/onnxmltools/issues/84
	yield on("select_from_model", feature_selection.SelectFromModel(forest()), forest())
	# No converter in a release yet. https://github.com/onnx/sklearn-onnx/issues/1152
	yield on("splines", preprocessing.SplineTransformer(n_knots=4), logistic())
	# https://github.com/onnx/sklearn-onnx/issues/608, https://github.com/onnx/sklearn-onnx/issues/976
	yield on("quantiles", preprocessing.QuantileTransformer(n_quantiles=20, **SEEDED), logistic())
	# https://github.com/onnx/sklearn-onnx/pull/51
	yield on("interactions", preprocessing.PolynomialFeatures(2, interaction_only=True), logistic())
	# https://github.com/onnx/sklearn-onnx/issues/376
	yield on("power_rf", preprocessing.PowerTransformer(), forest())
	yield Case("power_box_cox", np.abs(x) + 1, y, make_pipeline(preprocessing.PowerTransformer("box-cox"), logistic()))
	# https://github.com/onnx/sklearn-onnx/issues/437: the bins of quantiles, as a number instead of as columns.
	yield on(
		"bins_ordinal",
		preprocessing.KBinsDiscretizer(5, encode="ordinal", quantile_method="averaged_inverted_cdf"),
		forest(),
	)
	# Other values than scikit-learn's for what is missing. https://github.com/onnx/sklearn-onnx/pull/1165
	yield Case("knn_imputer", holes, y, make_pipeline(impute.KNNImputer(n_neighbors=3), logistic()))
	# Missing numbers go left or right in a forest as it learned; the converter drops this, so ONNX Runtime is not what
	# scikit-learn says. Boosting is right. Where a split asks whether a number is missing, its threshold is infinite.
	# https://github.com/onnx/sklearn-onnx/issues/1253
	yield Case("holes_rf", holes, y, forest())
	yield Case("holes_hist_boosting", holes, y, ensemble.HistGradientBoostingClassifier(max_iter=10, **SEEDED))


def outliers():
	x, _ = classes()
	# The labels are 1 and -1, and the scores were not those of scikit-learn.
	# https://github.com/onnx/sklearn-onnx/issues/548, https://github.com/onnx/sklearn-onnx/issues/1056
	yield Case(
		"isolation_forest", x, None, ensemble.IsolationForest(n_estimators=5, max_samples=0.5, **SEEDED), options={}
	)
	# With the option that gives a third output. https://github.com/onnx/sklearn-onnx/issues/733
	yield Case(
		"isolation_samples",
		x,
		None,
		ensemble.IsolationForest(n_estimators=5, max_samples=0.5, **SEEDED),
		options={"score_samples": True},
	)
	# Scores that differ by a constant. https://github.com/onnx/sklearn-onnx/issues/912
	yield Case("one_class_svm", x, None, svm.OneClassSVM(gamma="auto", kernel="linear", nu=0.01), options={})
	# https://github.com/onnx/sklearn-onnx/issues/925, https://github.com/onnx/sklearn-onnx/issues/431
	yield Case("gaussian_mixture", x, None, mixture.GaussianMixture(3, **SEEDED), options={})


def regressors():
	x, y = datasets.load_diabetes(return_X_y=True)
	x = x.astype(np.float32)
	# The target is the logarithm. There is no converter, and the maintainer's advice is to write one.
	# https://github.com/onnx/sklearn-onnx/issues/390
	yield Case(
		"target_log",
		x,
		y,
		TransformedTargetRegressor(
			ensemble.RandomForestRegressor(10, max_depth=4, **SEEDED), func=np.log, inverse_func=np.exp
		),
	)
	# XGBoost on top of others. https://github.com/onnx/sklearn-onnx/issues/800
	yield Case(
		"stacking_regressor",
		x,
		y,
		ensemble.StackingRegressor(
			[("rf", ensemble.RandomForestRegressor(10, max_depth=4, **SEEDED)), ("ridge", linear_model.RidgeCV())],
			xgb(xgboost.XGBRegressor),
			cv=3,
		),
		opsets=BOOSTERS,
	)
	# https://github.com/onnx/sklearn-onnx/pull/268
	yield Case(
		"voting_regressor",
		x,
		y,
		ensemble.VotingRegressor(
			[("rf", ensemble.RandomForestRegressor(10, max_depth=4, **SEEDED)), ("lr", linear_model.LinearRegression())]
		),
	)
	# https://github.com/onnx/sklearn-onnx/issues/171
	yield Case("adaboost_regressor", x, y, ensemble.AdaBoostRegressor(n_estimators=5, loss="exponential", **SEEDED))
	# https://github.com/onnx/sklearn-onnx/pull/282
	yield Case("bagging_regressor", x, y, ensemble.BaggingRegressor(n_estimators=5, **SEEDED))
	# One LightGBM for each target. https://github.com/onnx/onnxmltools/issues/649,
	# https://github.com/onnx/sklearn-onnx/issues/514
	yield Case(
		"multi_regressor",
		x,
		np.c_[y, y**0.5],
		multioutput.MultiOutputRegressor(lgbm(lightgbm.LGBMRegressor)),
		opsets=BOOSTERS,
	)


def categories():
	"""Boosters that know categories themselves."""
	random, count = np.random.default_rng(SEED), 500
	x = random.normal(size=(count, 4)).astype(np.float32)
	x[:, 0] = random.integers(0, 10, count)
	y = (np.isin(x[:, 0], [1, 4, 5, 9]) ^ (x[:, 2] > 0.3)).astype(int)
	# Missing categories, converted wrongly once. https://github.com/onnx/onnxmltools/issues/309,
	# https://github.com/onnx/sklearn-onnx/issues/629
	yield Case("categories_lightgbm", x, y, lgbm(), fit={"categorical_feature": [0]}, opsets=BOOSTERS)
	# https://github.com/onnx/sklearn-onnx/issues/1101, https://github.com/onnx/sklearn-onnx/issues/1051
	yield Case(
		"categories_hist_boosting",
		x,
		y,
		ensemble.HistGradientBoostingClassifier(max_iter=10, categorical_features=[0], **SEEDED),
	)
	# https://github.com/onnx/onnxmltools/pull/734
	yield Case(
		"categories_xgboost", x, y, xgb(enable_categorical=True, feature_types=["c", "q", "q", "q"]), opsets=BOOSTERS
	)
	yield from catboost()


def save_catboost(model):
	with tempfile.TemporaryDirectory() as folder:
		path = pathlib.Path(folder) / "model.onnx"
		model.save_model(str(path), format="onnx")
		return path.read_bytes()


def catboost():
	"""CatBoost writes ONNX itself."""
	from catboost import CatBoostClassifier, CatBoostRegressor

	fixed = dict(iterations=15, depth=4, random_seed=SEED, verbose=0, allow_writing_files=False, thread_count=1)
	x, y = classes()
	three, sorts = classes(sorts=3)
	yield Case("catboost_two", x, y, CatBoostClassifier(**fixed), convert=save_catboost)
	yield Case("catboost_three", three, sorts, CatBoostClassifier(**fixed), convert=save_catboost)
	yield Case("catboost_regressor", x[:, 1:], x[:, 0], CatBoostRegressor(**fixed), convert=save_catboost)
	# Columns of text that CatBoost encodes itself are not exported. https://github.com/catboost/catboost/issues/863
	table, survived = titanic()
	yield Case(
		"catboost_texts",
		table,
		survived,
		CatBoostClassifier(cat_features=TEXTS, **fixed),
		"columns",
		convert=save_catboost,
	)
	# Nor several targets. https://github.com/catboost/catboost/issues/1940
	yield Case(
		"catboost_two_targets",
		x[:, 2:],
		x[:, :2],
		CatBoostRegressor(loss_function="MultiRMSE", **fixed),
		convert=save_catboost,
	)
