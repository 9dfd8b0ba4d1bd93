"""Estimators as ONNX graphs. Converters are imported when they are needed, and named when they are missing."""

from __future__ import annotations

import copy
import importlib
import json
import os
import tempfile
from typing import Any, Optional

import numpy as np

from ._tables import is_frame, is_text, width_of
from .errors import ModelError, NotConvertible

# What skl2onnx writes best, and what the converters of XGBoost and LightGBM go up to.
_OPSETS = {"": 18, "ai.onnx.ml": 3}
_OPSETS_OF_BOOSTERS = {"": 15, "ai.onnx.ml": 3}


def _need(module: str, extra: str) -> Any:
	try:
		return importlib.import_module(module)
	except ImportError as error:
		package = module.split(".")[0]
		raise NotConvertible(
			f"converting this model needs {package}, which cannot be imported ({error}): "
			f'pip install "fhe-ml[{extra}]"'
		) from error


def _package(estimator: Any) -> str:
	return type(estimator).__module__.split(".")[0]


def _parts(estimator: Any, depth: int = 0) -> list:
	"""The estimator and all that it is made of."""
	parts = [estimator]
	if depth > 8 or not hasattr(estimator, "get_params"):
		return parts
	try:
		inner = estimator.get_params(deep=False).values()
	except Exception:  # noqa: BLE001 - an estimator of somebody else may raise anything
		return parts
	for value in inner:
		for part in value if isinstance(value, (list, tuple)) else [value]:
			candidates = part if isinstance(part, tuple) else (part,)
			for candidate in candidates:
				if hasattr(candidate, "get_params") and not isinstance(candidate, type):
					parts.extend(_parts(candidate, depth + 1))
	return parts


def _register_boosters(packages: set) -> None:
	"""XGBoost and LightGBM in pipelines of scikit-learn, as the documentation of skl2onnx has it."""
	skl2onnx = _need("skl2onnx", "sklearn")
	shapes = _need("skl2onnx.common.shape_calculator", "sklearn")
	known = []
	if "xgboost" in packages:
		xgboost = _need("xgboost", "xgboost")
		convert = _need("onnxmltools.convert.xgboost.operator_converters.XGBoost", "xgboost").convert_xgboost
		names = ("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor")
		known += [(getattr(xgboost, name), f"XGBoost{name}", convert) for name in names]
	if "lightgbm" in packages:
		lightgbm = _need("lightgbm", "lightgbm")
		convert = _need("onnxmltools.convert.lightgbm.operator_converters.LightGbm", "lightgbm").convert_lightgbm
		names = ("LGBMClassifier", "LGBMRegressor")
		known += [(getattr(lightgbm, name), f"LightGbm{name}", convert) for name in names]
	for kind, alias, convert in known:
		shape, options = shapes.calculate_linear_regressor_output_shapes, None
		if alias.endswith("Classifier"):
			shape = shapes.calculate_linear_classifier_output_shapes
			options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
		skl2onnx.update_registered_converter(kind, alias, shape, convert, options=options, overwrite=True)


class _PlainAttributes:
	"""Converters hand NumPy's integers and bools to onnx, which takes Python's integers only."""

	def __enter__(self) -> None:
		self.helper = importlib.import_module("onnx.helper")
		self.before = make = self.helper.make_attribute

		def plain(item: Any) -> Any:
			item = item.item() if isinstance(item, np.generic) else item
			return int(item) if isinstance(item, bool) else item

		def converted(key: Any, value: Any, *rest: Any, **options: Any) -> Any:
			value = [plain(item) for item in value] if isinstance(value, list) else value
			return make(key, value, *rest, **options)

		self.helper.make_attribute = converted

	def __exit__(self, *_: Any) -> None:
		self.helper.make_attribute = self.before


def _takes_columns(estimator: Any) -> bool:
	"""Whether the estimator picks columns of a table by their names."""
	return any(type(part).__name__ == "ColumnTransformer" for part in _parts(estimator))


def _inputs(estimator: Any, x: Any) -> list:
	types = _need("skl2onnx.common.data_types", "sklearn")
	if is_frame(x):
		columns = [x.iloc[:, at] for at in range(x.shape[1])]
		if _takes_columns(estimator) or any(is_text(column) for column in columns):
			return [(str(column.name), _type(types, column)([None, 1])) for column in columns]
		return [("X", types.FloatTensorType([None, len(columns)]))]
	width = getattr(estimator, "n_features_in_", None) if x is None else width_of(x)
	if width is None:
		raise ModelError("how many features does the model take? Give rows of them: fhe_ml.compile(estimator, X_train)")
	if x is not None and not hasattr(x, "toarray") and is_text(np.asarray(x).reshape(-1)):
		return [("X", types.StringTensorType([None, int(width)]))]
	return [("X", types.FloatTensorType([None, int(width)]))]


def _type(types: Any, column: Any) -> Any:
	if is_text(column):
		return types.StringTensorType
	if column.dtype.kind == "b":
		return types.BooleanTensorType
	if column.dtype.kind in "iu":
		return types.Int64TensorType
	return types.FloatTensorType


def _of_sklearn(estimator: Any, x: Any) -> bytes:
	skl2onnx = _need("skl2onnx", "sklearn")
	estimator = _substitute(estimator)
	packages = {_package(part) for part in _parts(estimator)}
	boosters = packages & {"xgboost", "lightgbm"}
	if boosters:
		_register_boosters(boosters)
		estimator = _without_names(estimator)
	inputs = _inputs(estimator, x)
	opsets = _OPSETS_OF_BOOSTERS if boosters else _OPSETS
	last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
	# A table of scores is what most models have. Linear classifiers in a pipeline convert only with an option of
	# their own, and regressors have none.
	tries = [{id(estimator): {"zipmap": False}}, {id(last): {"raw_scores": False}}, None]
	failure = None
	for options in tries:
		try:
			with _PlainAttributes():
				graph = skl2onnx.convert_sklearn(estimator, "model", inputs, options=options, target_opset=opsets)
			_mend(graph, last)
			return graph.SerializeToString()
		except Exception as error:  # noqa: BLE001 - converters raise anything
			failure = failure or error
			last_failure = error
	raise NotConvertible(
		f"skl2onnx cannot write {type(estimator).__name__} as an ONNX graph: {last_failure}"
	) from failure


def _without_names(estimator: Any) -> Any:
	"""onnxmltools wants features of XGBoost that are named f0, f1 and so on, or not at all."""
	estimator = copy.deepcopy(estimator)
	for part in _parts(estimator):
		if _package(part) == "xgboost" and hasattr(part, "get_booster") and part.__sklearn_is_fitted__():
			part.get_booster().feature_names = None
	return estimator


def _mend(graph: Any, last: Any) -> None:
	"""Mends what converters get wrong of an estimator that is alone or the last of a pipeline."""
	kind, objective = type(last).__name__, getattr(last, "objective", None)
	if kind == "HistGradientBoostingRegressor" and last.loss in ("poisson", "gamma"):
		# skl2onnx leaves out the logarithmic link.
		_append(graph, "Exp")
	elif kind in ("XGBRegressor", "XGBRFRegressor") and objective in ("reg:logistic", "binary:logistic"):
		# onnxmltools leaves out the logistic link, of the base score, too.
		for attribute in _attributes(graph, "base_values"):
			attribute.floats[:] = [float(np.log(base / (1 - base))) for base in attribute.floats]
		_append(graph, "Sigmoid")
	elif kind == "LGBMClassifier" and last.boosting_type == "rf":
		# onnxmltools divides by the number of trees what is a probability already, instead of their sum.
		numpy_helper = importlib.import_module("onnx.numpy_helper")
		divisors = {node.input[1] for node in graph.graph.node if node.op_type == "Div"}
		for constant in graph.graph.initializer:
			if constant.name in divisors:
				trees = float(numpy_helper.to_array(constant).ravel()[0])
				constant.CopyFrom(numpy_helper.from_array(np.ones(list(constant.dims), np.float32), constant.name))
				for attribute in _attributes(graph, "class_weights"):
					attribute.floats[:] = [weight / trees for weight in attribute.floats]


def _attributes(graph: Any, name: str) -> list:
	return [attribute for node in graph.graph.node for attribute in node.attribute if attribute.name == name]


def _append(graph: Any, operator: str) -> None:
	"""One more operator behind the only output."""
	(output,) = graph.graph.output
	for node in graph.graph.node:
		node.output[:] = [f"{name}_before" if name == output.name else name for name in node.output]
	helper = importlib.import_module("onnx.helper")
	graph.graph.node.append(helper.make_node(operator, [f"{output.name}_before"], [output.name]))


def _without_dropout(model: Any) -> Any:
	"""onnxmltools converts gbtree only. A dart is a gbtree whose trees have weights, so its leaves are multiplied."""
	with tempfile.TemporaryDirectory() as folder:
		path = os.path.join(folder, "model.json")
		model.save_model(path)
		with open(path, encoding="utf-8") as file:
			saved = json.load(file)
		booster = saved["learner"]["gradient_booster"]
		plain = booster["gbtree"]
		for tree, weight in zip(plain["model"]["trees"], booster["weight_drop"]):
			for node, child in enumerate(tree["left_children"]):
				if child == -1:
					tree["split_conditions"][node] *= weight
					tree["base_weights"][node] *= weight
		saved["learner"]["gradient_booster"] = plain
		with open(path, "w", encoding="utf-8") as file:
			json.dump(saved, file)
		boosted = type(model)()
		boosted.load_model(path)
	return boosted


def _as_linear(model: Any) -> Any:
	"""onnxmltools has no gblinear: a logistic or linear regression with its coefficients."""
	linear_model = _need("sklearn.linear_model", "sklearn")
	classifies = hasattr(model, "predict_proba")
	linear = linear_model.LogisticRegression() if classifies else linear_model.LinearRegression()
	linear.n_features_in_ = width = model.n_features_in_
	margins = np.atleast_2d(model.predict(np.zeros((1, width)), output_margin=True))
	linear.intercept_ = margins[0].astype(float)
	linear.coef_ = np.asarray(model.coef_, dtype=float).reshape(margins.shape[1], width)
	if classifies:
		linear.classes_ = model.classes_
	else:
		linear.coef_, linear.intercept_ = linear.coef_[0], float(linear.intercept_[0])
	return linear


def _as_constant(model: Any) -> Any:
	"""skl2onnx has no DummyClassifier in a release yet: a logistic regression that looks at nothing."""
	linear = _need("sklearn.linear_model", "sklearn").LogisticRegression()
	linear.n_features_in_, linear.classes_ = model.n_features_in_, model.classes_
	linear.coef_ = np.zeros((len(model.classes_), model.n_features_in_))
	linear.intercept_ = np.log(np.maximum(model.class_prior_, 1e-12))
	return linear


def _substitute(estimator: Any) -> Any:
	"""What converters know of an estimator that they do not know themselves."""
	kind = type(estimator).__name__
	if _package(estimator) == "xgboost" and hasattr(estimator, "get_xgb_params"):
		booster = estimator.get_params().get("booster")
		if booster == "dart":
			return _without_dropout(estimator)
		if booster == "gblinear":
			return _as_linear(estimator)
	if kind == "DummyClassifier" and estimator.strategy in ("prior", "most_frequent"):
		if isinstance(estimator.classes_, np.ndarray):
			return _as_constant(estimator)
	return estimator


def _of_booster(estimator: Any, x: Any) -> bytes:
	"""The boosters of XGBoost and LightGBM that are no estimators of scikit-learn."""
	package = _package(estimator)
	onnxmltools = _need("onnxmltools", package)
	types = _need("onnxmltools.convert.common.data_types", package)
	if x is not None:
		width = width_of(x)
	else:
		width = estimator.num_features() if package == "xgboost" else estimator.num_feature()
	if package == "xgboost":
		estimator = estimator.copy()
		estimator.feature_names = None
	convert = onnxmltools.convert_xgboost if package == "xgboost" else onnxmltools.convert_lightgbm
	options = {} if package == "xgboost" else {"zipmap": False}
	graph = convert(
		estimator, initial_types=[("X", types.FloatTensorType([None, width]))], target_opset=15, **options
	)
	return graph.SerializeToString()


def _of_catboost(estimator: Any) -> bytes:
	with tempfile.TemporaryDirectory() as folder:
		path = os.path.join(folder, "model.onnx")
		try:
			estimator.save_model(path, format="onnx")
		except Exception as error:  # noqa: BLE001 - CatBoost raises its own, and ImportError without onnx
			raise NotConvertible(f"CatBoost cannot write this model as an ONNX graph: {error}") from error
		with open(path, "rb") as file:
			return file.read()


def _of_torch(module: Any, x: Any) -> bytes:
	torch = _need("torch", "torch")
	_need("onnx", "torch")
	if x is None:
		raise ModelError("torch.onnx traces a module with a row: give some, fhe_ml.compile(module, X_train)")
	row = torch.as_tensor(np.asarray(x)[:1], dtype=torch.float32)
	was_training = module.training
	module.eval()
	try:
		with tempfile.TemporaryDirectory() as folder:
			path = os.path.join(folder, "model.onnx")
			names = {"input_names": ["X"], "output_names": ["scores"], "opset_version": 18}
			options = dict(dynamic_axes={"X": {0: "rows"}, "scores": {0: "rows"}}, **names)
			try:
				# The exporter that writes what import follows; torch before 2.5 has no other.
				torch.onnx.export(module, (row,), path, dynamo=False, **options)
			except TypeError:
				torch.onnx.export(module, (row,), path, **options)
			with open(path, "rb") as file:
				return file.read()
	finally:
		module.train(was_training)


def is_torch(estimator: Any) -> bool:
	"""Whether it is a torch.nn.Module."""
	return any(kind.__module__.startswith("torch.nn") and kind.__name__ == "Module" for kind in type(estimator).__mro__)


def onnx_of(estimator: Any, x: Optional[Any]) -> bytes:
	"""The bytes of an ONNX graph of `estimator`, whose features are the columns of `x` (rows, features)."""
	if isinstance(estimator, (bytes, bytearray, memoryview)):
		return bytes(estimator)
	if hasattr(estimator, "SerializeToString"):  # An onnx.ModelProto.
		return estimator.SerializeToString()
	package = _package(estimator)
	if is_torch(estimator):
		return _of_torch(estimator, x)
	if package == "catboost":
		return _of_catboost(estimator)
	if package in ("xgboost", "lightgbm") and type(estimator).__name__ == "Booster":
		return _of_booster(estimator, x)
	if hasattr(estimator, "predict") or hasattr(estimator, "decision_function"):
		return _of_sklearn(estimator, x)
	raise NotConvertible(
		f"{type(estimator).__name__} is no fitted estimator, torch.nn.Module, onnx.ModelProto, bytes or path of an "
		"ONNX file"
	)
