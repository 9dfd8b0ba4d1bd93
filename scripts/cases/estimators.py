"""Estimators and pipelines on tables of numbers, one of each sort that scikit-learn, XGBoost and LightGBM have."""

import functools
import json
import pathlib
import tempfile

import lightgbm
import numpy as np
import xgboost
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn import (
	calibration,
	compose,
	datasets,
	decomposition,
	discriminant_analysis,
	dummy,
	ensemble,
	feature_selection,
	impute,
	linear_model,
	multiclass,
	naive_bayes,
	neighbors,
	neural_network,
	preprocessing,
	svm,
	tree,
)
from sklearn.pipeline import make_pipeline

from common import BOOSTERS, OPSETS, SEED, Case


@functools.cache
def data(name):
	return getattr(datasets, f"load_{name}")(return_X_y=True)


def standard(*steps):
	return make_pipeline(preprocessing.StandardScaler(), *steps)


def forest(trees=10):
	return ensemble.RandomForestClassifier(trees, max_depth=4, random_state=SEED)


def logistic(**options):
	return linear_model.LogisticRegression(**options)


def categories(x):
	"""The first column as the number of its quarter."""
	x = x.copy()
	x[:, 0] = np.digitize(x[:, 0], np.quantile(x[:, 0], [0.25, 0.5, 0.75]))
	return x


def columns(numbers):
	"""The first column is a category."""
	encoder = preprocessing.OneHotEncoder(handle_unknown="ignore")
	return compose.ColumnTransformer([("c", encoder, [0]), ("n", numbers, [1, 2, 3])])


def without_dropout(model):
	"""onnxmltools converts gbtree only (it asks for `gbtree_model_param`). A dart is a gbtree whose trees have weights,
	so that its leaves are multiplied."""
	with tempfile.TemporaryDirectory() as folder:
		path = pathlib.Path(folder) / "model.json"
		model.save_model(path)
		saved = json.loads(path.read_text())
		booster = saved["learner"]["gradient_booster"]
		plain = booster["gbtree"]
		for tree_, weight in zip(plain["model"]["trees"], booster["weight_drop"], strict=True):
			for node, child in enumerate(tree_["left_children"]):
				if child == -1:
					tree_["split_conditions"][node] *= weight
					tree_["base_weights"][node] *= weight
		saved["learner"]["gradient_booster"] = plain
		path.write_text(json.dumps(saved))
		boosted = xgboost.XGBClassifier()
		boosted.load_model(path)
	return convert(boosted, BOOSTERS)


def as_linear(model):
	"""onnxmltools has no gblinear (https://github.com/onnx/onnxmltools/issues/628, 633): its coefficients are those of a
	logistic regression."""
	linear = logistic()
	linear.coef_, linear.classes_, linear.n_features_in_ = (
		model.coef_.reshape(1, -1),
		model.classes_,
		model.n_features_in_,
	)
	linear.intercept_ = np.array([model.predict(np.zeros((1, model.n_features_in_)), output_margin=True)[0]])
	return convert(linear, OPSETS)


def as_constant(model):
	"""skl2onnx has no DummyClassifier in a release yet (https://github.com/onnx/sklearn-onnx/issues/1237): a logistic
	regression that looks at nothing."""
	linear = logistic()
	linear.coef_ = np.zeros((len(model.classes_), model.n_features_in_))
	linear.intercept_, linear.classes_ = np.log(model.class_prior_), model.classes_
	linear.n_features_in_ = model.n_features_in_
	return convert(linear, OPSETS)


def convert(model, opsets):
	types = [("X", FloatTensorType([None, model.n_features_in_]))]
	options = {id(model): {"zipmap": False}}
	return convert_sklearn(model, "model", types, options=options, target_opset=opsets).SerializeToString()


def cases():
	x = {name: data(name)[0] for name in ("breast_cancer", "diabetes", "digits", "iris", "wine")}
	y = {name: data(name)[1] for name in x}
	many = np.repeat(x["digits"], 12, axis=1)[:, :784]
	seed, quiet = dict(random_state=SEED), dict(verbose=-1, n_jobs=1)
	boost = lambda **options: xgboost.XGBRegressor(n_estimators=20, max_depth=3, **options)

	def on(dataset, **models):
		return [Case(name, x[dataset], y[dataset], model) for name, model in models.items()]

	yield from on(
		"breast_cancer",
		adaboost=ensemble.AdaBoostClassifier(n_estimators=20, **seed),
		bagging_tree=ensemble.BaggingClassifier(n_estimators=8, **seed),
		# The converter has no flattened form.
		voting_soft=ensemble.VotingClassifier(
			[("a", forest(8)), ("b", logistic(max_iter=5000))], voting="soft", flatten_transform=False
		),
		stacking=ensemble.StackingClassifier(
			[("a", forest(8)), ("b", tree.DecisionTreeClassifier(max_depth=4, **seed))], final_estimator=logistic()
		),
		calibrated_svc=calibration.CalibratedClassifierCV(svm.LinearSVC(max_iter=20000, **seed), cv=3),
		pca_logreg=standard(decomposition.PCA(8, **seed), logistic()),
		pca_rf=standard(decomposition.PCA(8, **seed), forest()),
		isoforest=ensemble.IsolationForest(n_estimators=20, **seed),
		robust_scaler_mlp=make_pipeline(
			preprocessing.RobustScaler(), neural_network.MLPClassifier((16,), max_iter=800, **seed)
		),
		select_k=make_pipeline(feature_selection.SelectKBest(k=8), logistic(max_iter=5000)),
		select_k_rf=make_pipeline(feature_selection.SelectKBest(k=8), forest()),
		imputer_rf=make_pipeline(impute.SimpleImputer(), forest()),
		imputer_logreg=make_pipeline(
			impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler(), logistic()
		),
		power_logreg=make_pipeline(preprocessing.PowerTransformer(), logistic()),
		lrcv=standard(linear_model.LogisticRegressionCV(cv=3)),
		xgb_rf=xgboost.XGBRFClassifier(n_estimators=20, max_depth=4),
		xgb_depth10=xgboost.XGBClassifier(n_estimators=100, max_depth=10),
		lgbm_dart=lightgbm.LGBMClassifier(n_estimators=20, boosting_type="dart", **quiet),
		lgbm_rf=lightgbm.LGBMClassifier(
			n_estimators=20, boosting_type="rf", bagging_freq=1, bagging_fraction=0.7, **quiet
		),
		gb_log=ensemble.GradientBoostingClassifier(n_estimators=40, **seed),
		gb_exponential=ensemble.GradientBoostingClassifier(n_estimators=20, loss="exponential", **seed),
		rf_unlimited=ensemble.RandomForestClassifier(100, **seed),
		linsvc_bin=standard(svm.LinearSVC(**seed)),
	)
	cancer, labels = x["breast_cancer"], y["breast_cancer"]
	boosted = dict(n_estimators=20, n_jobs=1, **seed)
	dart = xgboost.XGBClassifier(max_depth=3, booster="dart", rate_drop=0.2, **boosted)
	yield Case("xgb_dart", cancer, labels, dart, convert=without_dropout)
	yield Case("xgb_gblinear", cancer, labels, xgboost.XGBClassifier(booster="gblinear", **boosted), convert=as_linear)
	yield from on(
		"wine",
		ovr_logreg=multiclass.OneVsRestClassifier(logistic(max_iter=5000)),
		lda=discriminant_analysis.LinearDiscriminantAnalysis(),
		qda=discriminant_analysis.QuadraticDiscriminantAnalysis(),
		lgbm_multi=lightgbm.LGBMClassifier(n_estimators=30, **quiet),
		lgbm_ova=lightgbm.LGBMClassifier(n_estimators=30, objective="multiclassova", **quiet),
	)
	yield from on(
		"iris",
		knn=neighbors.KNeighborsClassifier(3),
		gnb=naive_bayes.GaussianNB(),
		svc_rbf=svm.SVC(probability=True, **seed),
		kbins_logreg=make_pipeline(
			preprocessing.KBinsDiscretizer(5, encode="onehot-dense", strategy="uniform"), logistic()
		),
		normalizer_logreg=make_pipeline(preprocessing.Normalizer(), logistic()),
		perceptron=linear_model.Perceptron(),
		ridgecls=linear_model.RidgeClassifier(),
		extratree_single=tree.ExtraTreeClassifier(**seed),
		minmax_mlp_logistic=make_pipeline(
			preprocessing.MinMaxScaler(),
			neural_network.MLPClassifier((10,), activation="logistic", max_iter=3000, **seed),
		),
	)
	small = make_pipeline(
		preprocessing.StandardScaler(), neural_network.MLPClassifier((6,), max_iter=1500, **seed)
	)
	yield Case("bagging_mlp", x["iris"], y["iris"], ensemble.BaggingClassifier(small, n_estimators=3, **seed))
	yield Case("dummy", x["iris"], y["iris"], dummy.DummyClassifier(), convert=as_constant)
	coded = categories(x["iris"])
	yield Case("onehot_rf", coded, y["iris"], make_pipeline(columns("passthrough"), forest()))
	yield Case("onehot_logreg", coded, y["iris"], make_pipeline(columns(preprocessing.StandardScaler()), logistic()))
	names = np.array(["seto sa", "versi,color", 'virgi"nica'])
	yield Case("rf_strings", x["iris"], names[y["iris"]], forest())
	yield from on(
		"digits",
		mlp_2layers=standard(neural_network.MLPClassifier((32, 16), max_iter=500, **seed)),
		xgb_multi_200=xgboost.XGBClassifier(n_estimators=100, max_depth=3),
	)
	yield from on(
		"diabetes",
		mlp_3layers_reg=standard(neural_network.MLPRegressor(hidden_layer_sizes=(16, 16, 8), max_iter=800, **seed)),
		poly_ridge=make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge()),
		poisson=standard(linear_model.PoissonRegressor()),
		gamma=standard(linear_model.GammaRegressor()),
		tweedie=standard(linear_model.TweedieRegressor(power=1.5, link="log")),
		elasticnet=linear_model.ElasticNet(alpha=0.01),
		bayesridge=linear_model.BayesianRidge(),
		huber=linear_model.HuberRegressor(max_iter=1000),
		quantile=linear_model.QuantileRegressor(alpha=0.001),
		xgb_poisson=boost(objective="count:poisson"),
		xgb_gamma=boost(objective="reg:gamma"),
		xgb_tweedie=boost(objective="reg:tweedie"),
		xgb_basescore=boost(base_score=100.0),
		lgbm_poisson=lightgbm.LGBMRegressor(n_estimators=20, objective="poisson", **quiet),
		lgbm_quantile=lightgbm.LGBMRegressor(n_estimators=20, objective="quantile", **quiet),
		hgb_poisson=ensemble.HistGradientBoostingRegressor(max_iter=30, loss="poisson", **seed),
		nusvr=svm.NuSVR(),
		ransac=linear_model.RANSACRegressor(**seed),
	)
	target = y["diabetes"]
	yield Case(
		"multioutput_rf",
		x["diabetes"],
		np.c_[target, target**0.5],
		ensemble.RandomForestRegressor(10, max_depth=4, **seed),
	)
	yield Case("xgb_logistic_reg", x["diabetes"], (target > 140).astype(float), boost(objective="reg:logistic"))
	yield Case("huge_features_rf", cancer * 1e12, labels, forest())
	yield Case("huge_features_logreg", cancer * 1e9, labels, standard(logistic()))
	constant = np.c_[cancer, np.ones(len(cancer))]
	yield Case("const_feature_logreg", constant, labels, standard(logistic()))
	yield Case("features_784_mlp", many, y["digits"], neural_network.MLPClassifier((20,), max_iter=60, **seed))
	yield Case("features_784_logreg", many, y["digits"], logistic(max_iter=300))
