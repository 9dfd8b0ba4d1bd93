#!/usr/bin/env python3
"""Writes programs.json: for every operator of `crates/models/src/program/ops`, models of one node with inputs and what
ONNX Runtime makes of them. The test `program::tests` runs all of them.

	pip install numpy onnx onnxruntime && python3 make_programs.py
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ML = "ai.onnx.ml"
NEWEST = 21
NAN, INF = float("nan"), float("inf")
CASES = []
FAILED = []


def f(*values):
	return np.array(values, np.float32)


def d(*values):
	return np.array(values, np.float64)


def i(*values):
	return np.array(values, np.int64)


def b(*values):
	return np.array(values, bool)


def s(*values):
	return np.array(values, object)


def element_type(array):
	return TensorProto.STRING if array.dtype == object else helper.np_dtype_to_tensor_dtype(array.dtype)


def tensor(array):
	array = np.asarray(array)
	if array.dtype in (np.float32, np.float64, np.float16):
		kind, values = "double" if array.dtype == np.float64 else "single", array.astype(np.float64).ravel()
		# The shortest numbers that are these in f32.
		short = float if kind == "double" else lambda value: float(str(np.float32(value)))
		values = [short(value) if np.isfinite(value) else str(value) for value in values]
	elif array.dtype == bool:
		kind, values = "bool", [int(value) for value in array.ravel()]
	elif np.issubdtype(array.dtype, np.integer):
		kind, values = "integer", [int(value) for value in array.ravel()]
	else:
		kind, values = "text", [str(value) for value in array.ravel()]
	return [kind, list(array.shape), values]


def case(operator, *inputs, domain="", opset=NEWEST, ml=3, outputs=1, output_type=None, **attributes):
	"""Runs a node on inputs, of which those that are None are left out."""
	names = ["" if array is None else f"x{at}" for at, array in enumerate(inputs)]
	arrays = {name: np.asarray(array) for name, array in zip(names, inputs) if array is not None}
	results = [f"y{at}" for at in range(outputs)]
	if "value" in attributes and isinstance(attributes["value"], np.ndarray):
		attributes["value"] = numpy_helper.from_array(attributes["value"])
	for name, value in attributes.items():
		if name.endswith("_tensor"):
			value = value if isinstance(value, np.ndarray) else np.array(value)
			attributes[name] = numpy_helper.from_array(value, name)
	node = helper.make_node(operator, names, results, domain=domain, **attributes)
	graph = helper.make_graph(
		[node],
		"",
		[helper.make_tensor_value_info(name, element_type(array), array.shape) for name, array in arrays.items()],
		[helper.make_empty_tensor_value_info(name) for name in results],
	)
	sets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, ml)] if domain else [])
	model = helper.make_model(graph, opset_imports=sets, ir_version=8)
	options = onnxruntime.SessionOptions()
	options.log_severity_level = 4
	try:
		session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
		found = session.run(None, arrays)
	except Exception as error:
		FAILED.append(f"{operator} {attributes} {opset} {ml}: {error}")
		return
	if operator == "ZipMap":
		found = [np.array([list(row.values()) for row in found[0]], np.float32)]
	model.producer_name = ""
	CASES.append(
		{
			"operator": f"{domain}.{operator}" if domain else operator,
			"model": base64.b64encode(model.SerializeToString()).decode(),
			"inputs": [tensor(array) for array in arrays.values()],
			"outputs": [tensor(array) for array in found],
		}
	)


def ml(operator, *inputs, version=3, **attributes):
	case(operator, *inputs, domain=ML, ml=version, **attributes)


X = f([-2.5, -0.5, 0.0], [0.5, 1.5, 88.0])
POSITIVE = f([0.1, 0.5, 1.0], [2.5, 7.0, 1e6])
ROUGH = f(NAN, INF, -INF, -0.0, 0.25)


def of_one_number():
	for operator in "Abs Ceil Exp Floor Neg Relu Round Sigmoid Sign Softplus Tanh Erf".split():
		case(operator, X)
		case(operator, X[:1].astype(np.float64)) if operator not in ("Softplus", "Erf") else None
	case("Softplus", f(-40, 0, 40))
	case("Cos", f(-1, 0, 2))
	case("Sin", f(-1, 0, 2))
	for operator in ("Abs", "Neg", "Sign"):
		case(operator, i(-3, 0, 7))
	for operator in ("Abs", "Floor", "Round", "Relu", "Sign", "Exp", "Sigmoid"):
		case(operator, ROUGH)
	case("Round", d(0.5, 1.5, 2.5, -0.5, -1.5))
	for operator in ("Log", "Sqrt", "Reciprocal"):
		case(operator, POSITIVE)
		case(operator, POSITIVE.astype(np.float64))
	case("Log", f(0, -1))
	case("Sqrt", f(0, -1))
	for operator in ("Acos", "Asin", "Atan", "Cosh", "Elu", "HardSigmoid", "Sinh", "Softsign", "Tan"):
		case(operator, f(-0.75, 0, 0.5))
	case("Elu", X, alpha=0.5)
	case("HardSigmoid", X, alpha=0.5, beta=0.25)
	case("PRelu", X, f(0.1, 0.2, 0.3))
	case("LeakyRelu", X)
	case("LeakyRelu", X, alpha=0.3)
	case("Identity", s("a", ""))
	case("Identity", X)
	case("Clip", X, opset=6, min=-1.0, max=1.0)
	case("Clip", X, opset=10, max=0.5)
	case("Clip", X, np.float32(-1), np.float32(1), opset=11)
	case("Clip", X, None, np.float32(1))
	case("Clip", i(-5, 5), np.int64(0))
	case("Clip", ROUGH, np.float32(-1), np.float32(1))
	case("Clip", X, np.float32(1), np.float32(-1))


def of_two_numbers():
	for operator in ("Add", "Sub", "Mul", "Div"):
		case(operator, X, f(2.0, -3.0, 0.1))
		case(operator, X.astype(np.float64), d(0.3), opset=7)
		case(operator, i([7, -7], [9, -9]), i([2], [-2]))
		case(operator, f([1], [2]), f(3, 4, 5))
	case("Div", f(1, -1, 0), f(0, 0, 0))
	case("Pow", POSITIVE, f(0.5, 2, -1), opset=7)
	case("Pow", X, np.float32(2))
	case("Pow", i(2, -3), f(3, 2), opset=12)
	case("Pow", f(2, 3), i(3, 2), opset=13)
	case("Mod", i(7, -7, 7, -7), i(3, 3, -3, -3), opset=10)
	case("Mod", i(7, -7, 7, -7), i(3, 3, -3, -3), fmod=1)
	case("Mod", f(7.5, -7.5), f(2, 2), fmod=1)
	for operator in ("Min", "Max", "Sum", "Mean"):
		case(operator, X, f(0.25, 0.5, 0.75), f([1], [-1]))
		case(operator, X)
	case("Min", f(NAN, 1, 2), f(1, NAN, 3))
	case("Max", f(NAN, 1, 2), f(1, NAN, 3))
	case("Max", i(1, 5), i(4), opset=12)
	case("Min", d(1, 5), d(4), opset=8)


def logic():
	for operator in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"):
		case(operator, f([1, 2, NAN]), f([1], [2]))
		case(operator, i(1, 2, 3), i(2), opset=16)
	case("Equal", s("a", "b", ""), s("a"), opset=19)
	case("Equal", b(True, False), b(True), opset=7)
	case("Less", d(1, 2), d(2, 1), opset=9)
	for operator in ("And", "Or", "Xor"):
		case(operator, b([True], [False]), b(True, False), opset=7)
	case("Not", b(True, False))
	case("IsNaN", ROUGH)
	case("IsNaN", d(NAN, 1))
	case("IsInf", ROUGH)
	case("IsInf", ROUGH, detect_negative=0)
	case("IsInf", ROUGH, detect_positive=0)
	case("Where", b([True], [False]), f(1, 2), f([3, 4]))
	case("Where", b(True, False), s("yes"), s("a", "b"))
	case("Where", b(True, False), i(1, 2), i(3, 4), opset=9)


def casts():
	numbers = f(0, -1.5, 2.5, 1e10, 1e-5, 123456.789, 3.14159274, 100)
	for to in (TensorProto.DOUBLE, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING, TensorProto.FLOAT16):
		case("Cast", numbers, to=to)
	case("Cast", numbers, opset=9, to=TensorProto.INT64)
	case("Cast", f(NAN, INF, -INF), to=TensorProto.STRING)
	case("Cast", f(NAN, 0.5), to=TensorProto.BOOL)
	case("Cast", d(0.1, 1e300, -2, 1 / 3, 1e16, 123456789012), to=TensorProto.STRING)
	case("Cast", d(0.1, 1e300, -2), to=TensorProto.FLOAT)
	case("Cast", np.array([0.1, 6e4, -2], np.float16), to=TensorProto.DOUBLE)
	case("Cast", i(-1, 300, 0, 1 << 40), to=TensorProto.INT32)
	case("Cast", i(-1, 300, 0, 1 << 40), to=TensorProto.UINT8)
	case("Cast", i(-1, 300, 0), to=TensorProto.FLOAT)
	case("Cast", i(-1, 300, 0), to=TensorProto.STRING)
	case("Cast", b(True, False), to=TensorProto.FLOAT)
	case("Cast", b(True, False), to=TensorProto.STRING)
	case("Cast", s("1", "-2.5", "1e3", "NaN", "inf", "-INF", " 7"), to=TensorProto.FLOAT)
	case("Cast", s("0.1", "-2.5E-3", "3."), to=TensorProto.DOUBLE)
	case("Cast", s("1", "-25", "+7"), to=TensorProto.INT64)
	case("Cast", s("a", ""), to=TensorProto.STRING)
	case("CastLike", f(1.5, -2), i(1))
	case("CastLike", i(1, 0), b(True))


def shapes():
	cube = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
	words = s(["a", "b", "c"], ["d", "e", "f"])
	case("Reshape", cube, i(3, -1), opset=5)
	case("Reshape", cube, i(0, -1))
	case("Reshape", words, i(-1))
	case("Squeeze", cube[:1, :, :1], opset=1, axes=[0])
	case("Squeeze", cube[:1, :, :1], opset=11, axes=[-1])
	case("Squeeze", cube[:1, :, :1], i(0, 2))
	case("Squeeze", words[:, :1])
	case("Unsqueeze", X, opset=1, axes=[0, 2])
	case("Unsqueeze", X, i(-1), opset=13)
	case("Unsqueeze", words, i(0))
	case("Transpose", cube)
	case("Transpose", cube, perm=[1, 2, 0])
	case("Transpose", words)
	for axis in (0, 1, 2, 3):
		case("Flatten", cube, axis=axis)
	case("Flatten", cube, axis=-1)
	case("Flatten", words, opset=9)
	case("Shape", cube)
	case("Shape", cube, start=-2, end=2)
	case("Shape", words, opset=1)
	case("Size", cube)
	case("Expand", f([1], [2]), i(2, 2, 3))
	case("Expand", f([1], [2]), i(1, 1))
	case("Expand", i(1, 2), i(2, 1))
	case("Tile", f([1, 2], [3, 4]), i(2, 3))
	case("Tile", s("a", "b"), i(2))


def picks():
	cube = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
	words = s(["a", "b", "c"], ["d", "e", "f"])
	case("Concat", X, X * 2, axis=0, opset=4)
	case("Concat", X, f([1], [2]), axis=1)
	case("Concat", words, words[:, :1], axis=-1)
	case("Gather", cube, i([0, 1], [1, 0]), axis=1)
	case("Gather", cube, np.int64(-1), axis=2)
	case("Gather", words, i(1, 0), axis=1)
	case("Gather", cube, i(1), opset=1)
	case("GatherElements", cube[:, :, 0], i([0, -1], [2, 1]), axis=1)
	case("GatherElements", words, i([1, 0, 1]), axis=0)
	case("GatherND", cube, i([0, 1], [1, 2]))
	case("GatherND", cube, i([[1]], [[0]]))
	case("GatherND", words, i([1, -1]))
	case("ScatterElements", X, i([0, 2], [1, 0]), f([10, 20], [30, 40]), axis=1)
	case("ScatterElements", X, i([1, 0, 1]), f([7, 8, 9]), axis=0, opset=11)
	case("ScatterElements", words, i([1]), s(["z"]), axis=1)
	case("Slice", cube, opset=1, starts=[1], ends=[99], axes=[1])
	case("Slice", cube, opset=9, starts=[0, -2], ends=[1, 3])
	case("Slice", cube, i(1), i(99), i(1), opset=10)
	case("Slice", cube, i(-1), i(-9), i(1), i(-2))
	case("Slice", cube, i(0, 0), i(2, 1), i(1, 2), i(1, 1))
	case("Slice", cube, i(1), i(2))
	case("Slice", words, i(2), i(-9), i(1), i(-1))
	case("Slice", cube, i(2), i(1), i(1))
	case("Split", cube, opset=2, axis=1, split=[1, 2], outputs=2)
	case("Split", words, opset=11, axis=1, outputs=3)
	case("Split", cube, i(2, 1), opset=13, axis=1, outputs=2)
	case("Split", f(1, 2, 3, 4, 5), opset=18, num_outputs=2, outputs=2)
	case("NonZero", f([0, 1, 2], [NAN, 0, -1]))
	case("NonZero", b(True, False, True))
	case("Compress", X, b(False, True), axis=0)
	case("Compress", X, b(False, True, True))
	case("Compress", words, b(True, False, True), axis=1)
	ml("ArrayFeatureExtractor", X, i([2, 0]))
	ml("ArrayFeatureExtractor", s("a", "b", "c"), i(1, 2))
	ml("ArrayFeatureExtractor", i([1, 2], [3, 4]), i(1))
	ml("ArrayFeatureExtractor", cube, i(1))


def makes():
	case("Constant", value=f([1, 2], [3, 4]))
	case("Constant", value=s("a", "b"), opset=9)
	case("Constant", value=np.array([1, -2], np.int8))
	case("Constant", value=d(0.1))
	case("Constant", value_float=2.5)
	case("Constant", value_int=-3)
	case("Constant", value_string="text")
	case("Constant", value_floats=[1.0, 2.0])
	case("Constant", value_ints=[1, 2])
	case("Constant", value_strings=["a", "b"])
	case("ConstantOfShape", i(2, 3))
	case("ConstantOfShape", i(2), value=i(7))
	case("OneHot", i([0, 2], [-1, 5]), np.int64(3), f(0, 1))
	case("OneHot", i(0, 2), np.int64(3), i(5, 9), axis=0)
	case("OneHot", i([1, 0], [2, 1]), i(3), f(-1, 1), axis=1, opset=9)
	case("Range", np.int64(2), np.int64(9), np.int64(3))
	case("Range", np.float32(1), np.float32(-1), np.float32(-0.5))
	case("Range", np.int64(2), np.int64(1), np.int64(3))


def reductions():
	cube = (np.arange(12, dtype=np.float32) - 4).reshape(2, 3, 2)
	for name in "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split():
		operator = f"Reduce{name}"
		old = 11 if name == "Sum" else 13
		data = np.abs(cube) + 1 if name == "LogSum" else cube
		case(operator, data, opset=old, axes=[1])
		case(operator, data, opset=old, axes=[0, -1], keepdims=0)
		case(operator, data, i(-1), opset=18)
		case(operator, data)
		case(operator, data.astype(np.float64), i(0, 2), keepdims=0)
		case(operator, data + 0.5, noop_with_empty_axes=1) if name in ("Max", "Mean", "Sum") else None
	case("ReduceSum", cube, opset=1, axes=[2])
	case("ReduceSum", i([1, 2], [3, 4]), i(1), keepdims=0)
	case("ReduceMax", i([1, 2], [3, 4]), i(0), keepdims=0)
	case("ReduceMean", i([1, 2], [3, 5]), i(1))
	case("ReduceLogSumExp", f(1000, 1000.5, -1000))
	for operator in ("ArgMax", "ArgMin"):
		case(operator, cube, axis=1, keepdims=0)
		case(operator, f([3, 1, 3, 1]), axis=-1)
		case(operator, f([3, 1, 3, 1]), axis=1, select_last_index=1)
		case(operator, X, opset=11)
		case(operator, d(1, 2))
	case("CumSum", X, np.int64(1))
	case("CumSum", cube, np.int64(-2), exclusive=1)
	case("CumSum", i(1, 2, 3), np.int64(0), reverse=1, exclusive=1)
	case("TopK", f([3, 1, 2, 3]), i(2), outputs=2)
	case("TopK", f([3, 1, 2, 1]), i(3), largest=0, outputs=2)
	case("TopK", cube, i(2), axis=1, outputs=2)
	case("TopK", i([5, 7, 6]), i(1), opset=11, outputs=2)
	case("TopK", f([3, 1, 2]), i(2), opset=10, outputs=2)


def products():
	a, c = np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.arange(12, dtype=np.float32).reshape(3, 4) - 5
	case("MatMul", a, c)
	case("MatMul", a[0], c, opset=1)
	case("MatMul", a, c[:, 0])
	case("MatMul", a[0], c[:, 0])
	case("MatMul", np.stack([a, a + 1]), c)
	case("MatMul", np.stack([a, a + 1])[:, None], np.stack([c, c - 1]))
	case("MatMul", a.astype(np.float64), c.astype(np.float64))
	case("MatMul", i([1, 2]), i([3], [4]))
	case("Gemm", a, c, f(0), opset=7)
	case("Gemm", a, c, opset=11)
	case("Gemm", a, c, f(1, 2, 3, 4), alpha=0.5, beta=2.0)
	case("Gemm", a.T.copy(), c.T.copy(), np.float32(3), transA=1, transB=1)
	case("Gemm", a, c, f([1], [2]), opset=9)
	case("BatchNormalization", X, f(1, 2, 3), f(0.5, 0, -1), f(0, 1, 2), f(1, 4, 9))
	cube = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
	case("BatchNormalization", cube, f(1, 2, 3), f(0.5, 0, -1), f(0, 1, 2), f(1, 4, 9), epsilon=0.1, opset=9)
	case("Dropout", X, opset=7)
	case("Dropout", X, np.float32(0.5), b(False)[0:1].reshape(()), outputs=2)


def probabilities():
	cube = np.arange(12, dtype=np.float32).reshape(2, 3, 2) / 3
	for operator in ("Softmax", "LogSoftmax", "Hardmax"):
		case(operator, cube, opset=11)
		case(operator, cube, opset=12, axis=2)
		case(operator, cube)
		case(operator, cube, axis=1)
		case(operator, f([1000, 0, -1000]))
	case("Softmax", d([1, 2]))
	case("LpNormalization", f([3, -4], [0, 0]))
	case("LpNormalization", cube, axis=1, p=1)
	table = f([0.5, -1.5], [-2, 0.25], [0, 0])
	weights = {"coefficients": [1.0, 2.0, -0.5, 1.0, 0.25, -3.0], "intercepts": [0.0, 0.5, -1.0]}
	for transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
		ml("LinearClassifier", table, classlabels_ints=[7, 8, 9], post_transform=transform, outputs=2, **weights)
		ml("LinearRegressor", table, targets=3, post_transform=transform, **weights)
		one = {"coefficients": [1.0, 2.0], "intercepts": [0.25], "post_transform": transform}
		ml("LinearClassifier", table, classlabels_strings=["no", "yes"], outputs=2, **one)
		ml("LinearClassifier", table, classlabels_ints=[0, 1], outputs=2, **one)
		ml("LinearRegressor", table, **one)
		two = {"coefficients": [1.0, 2.0, -1.0, -2.0], "intercepts": [0.25, -0.25], "post_transform": transform}
		ml("LinearClassifier", table, classlabels_ints=[4, 5], outputs=2, **two)
	unit = f([0.25], [0.5], [0.9])
	ml("LinearRegressor", unit, coefficients=[1.0], intercepts=[0.0], post_transform="PROBIT")
	ml("LinearRegressor", unit, coefficients=[1.0, 0.5], targets=2, post_transform="PROBIT")
	ml("LinearClassifier", table.astype(np.float64), classlabels_ints=[7, 8, 9], outputs=2, **weights)


def scaling():
	missing = f([NAN, 1], [2, NAN])
	ml("Imputer", missing, imputed_value_floats=[5.0, 6.0], replaced_value_float=NAN)
	ml("Imputer", missing, imputed_value_floats=[5.0], replaced_value_float=NAN)
	ml("Imputer", f([0, 1]), imputed_value_floats=[5.0])
	ml("Imputer", f([-1, 1, -1]), imputed_value_floats=[5.0, 6.0, 7.0], replaced_value_float=-1.0)
	ml("Imputer", i([-1, 1], [2, -1]), imputed_value_int64s=[5, 6], replaced_value_int64=-1)
	ml("Scaler", X, offset=[1.0, 2.0, 3.0], scale=[0.5, 0.1, 2.0])
	ml("Scaler", X, offset=[1.0], scale=[0.5])
	ml("Scaler", i([1, 2]), offset=[1.0, 0.5], scale=[0.5, 3.0])
	ml("Scaler", X.astype(np.float64), offset=[0.1, 0.2, 0.3], scale=[0.5, 0.1, 2.0])
	ml("Binarizer", X, threshold=0.5)
	ml("Binarizer", X)
	for norm in ("MAX", "L1", "L2"):
		ml("Normalizer", f([3, -4, 0], [0, 0, 0]), norm=norm)
		ml("Normalizer", f([-3, -4, -1]), norm=norm)
		ml("Normalizer", i([3, 4]), norm=norm)
		ml("Normalizer", d([3, 4.5]), norm=norm)
	ml("Normalizer", f([3, 4]))
	ml("FeatureVectorizer", f([1, 2], [3, 4]), f([5], [6]), inputdimensions=[2, 1])
	ml("FeatureVectorizer", f([1, 2], [3, 4]), f([5, 6], [7, 8]), inputdimensions=[3, 1])
	ml("ZipMap", f([0.25, 0.75], [0.5, 0.5]), classlabels_int64s=[0, 1])
	ml("ZipMap", f([0.25, 0.75]), classlabels_strings=["a", "b"])


def encoders():
	words = s(["b", "z"], ["a", ""])
	ml("OneHotEncoder", words, cats_strings=["a", "b", "c"])
	ml("OneHotEncoder", i(2, 5, 1), cats_int64s=[1, 2, 3])
	ml("OneHotEncoder", f([2, 3], [9, 1]), cats_int64s=[1, 2, 3])
	ml("OneHotEncoder", i(2, 1), cats_int64s=[1, 2, 3], zeros=0)
	ml("OneHotEncoder", d([1.5], [2]), cats_int64s=[1, 2])
	ml("LabelEncoder", words, version=1, classes_strings=["a", "b"])
	ml("LabelEncoder", i(1, 0, 5), version=1, classes_strings=["a", "b"], default_string="none")
	for version in (2, 4):
		ml("LabelEncoder", words, version=version, keys_strings=["a", "b"], values_int64s=[4, 5], default_int64=9)
		ml("LabelEncoder", words, version=version, keys_strings=["a", "b"], values_floats=[0.5, 1.5])
		ml("LabelEncoder", words, version=version, keys_strings=["a", "b"], values_strings=["A", "B"])
		ml("LabelEncoder", i(1, 7), version=version, keys_int64s=[1, 2], values_strings=["A", "B"], default_string="?")
		ml("LabelEncoder", i(1, 7), version=version, keys_int64s=[1, 2], values_floats=[0.25, 0.5], default_float=-3.5)
		ml("LabelEncoder", f(1, 7, 0.5), version=version, keys_floats=[1.0, 0.5], values_int64s=[3, 4])
		ml("LabelEncoder", f(1, 7, 0.5), version=version, keys_floats=[1.0, 0.5], values_strings=["x", "y"])
		ml("LabelEncoder", f(1, 7, 0.5), version=version, keys_floats=[1.0, 0.5], values_floats=[3.0, 4.0])
		ml("LabelEncoder", i(1, 7), version=version, keys_int64s=[1, 2], values_int64s=[3, 4])
		ml("LabelEncoder", f(NAN, 7, 0.0), version=version, keys_floats=[NAN, 1.0], values_floats=[3.0, 4.0], default_float=1.5)
		ml("LabelEncoder", s("a"), version=version, keys_strings=["a", "a"], values_int64s=[1, 2])
	ml("LabelEncoder", d(1, 7, NAN), version=4, keys_tensor=d(1, NAN), values_tensor=d(0.1, 0.2), default_tensor=d(0.3))
	ml("LabelEncoder", s("a", "c"), version=4, keys_tensor=s("a", "b"), values_tensor=i(1, 2), default_tensor=i(7))
	ml("LabelEncoder", i(1, 3), version=4, keys_tensor=i(1, 2), values_tensor=s("u", "v"), default_tensor=s("w"))
	ml("CategoryMapper", words, cats_strings=["a", "b"], cats_int64s=[10, 20])
	ml("CategoryMapper", i([10, 11]), cats_strings=["a", "b"], cats_int64s=[10, 20], default_string="none")
	ml("CategoryMapper", words, cats_strings=["a", "b"], cats_int64s=[10, 20], default_int64=3)


def texts():
	plain = {"locale": "C"}
	words = s("The", "quick", "BROWN", "fox", "the")
	case("StringNormalizer", words, **plain)
	case("StringNormalizer", words, case_change_action="LOWER", opset=10, **plain)
	case("StringNormalizer", words, case_change_action="UPPER", stopwords=["the"], **plain)
	case("StringNormalizer", words, case_change_action="UPPER", stopwords=["the"], is_case_sensitive=1, **plain)
	case("StringNormalizer", words.reshape(1, 5), case_change_action="LOWER", stopwords=["Fox"], **plain)
	case("StringNormalizer", s("a", "a"), stopwords=["a"], **plain)
	case("StringConcat", s("a", "b"), s(["x"], [""]))
	sentences = s("the quick, brown fox.", "a Dog_1\tran", "")
	tokens = {"domain": "com.microsoft", "ml": 1, "mark": 0, "pad_value": "#"}
	for pattern in ("[a-zA-Z0-9_]+", "[a-z]", ".", "[^ ]+"):
		case("Tokenizer", sentences, tokenexp=pattern, mincharnum=1, **tokens)
	case("Tokenizer", sentences.reshape(1, 3), tokenexp="[a-z]+", mincharnum=4, **tokens)
	case("Tokenizer", sentences, separators=[" ", "[.]", ","], mincharnum=1, **tokens)
	case("Tokenizer", sentences[:2], separators=[""], mincharnum=1, **tokens)
	pool = {
		"pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7],
		"ngram_counts": [0, 4],
		"ngram_indexes": [0, 1, 2, 3, 4, 5, 6],
	}
	numbers = i([1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8])
	for lengths in ((1, 1), (2, 2), (1, 2)):
		for skips in (0, 1, 5):
			sizes = {"min_gram_length": lengths[0], "max_gram_length": lengths[1], "max_skip_count": skips}
			case("TfIdfVectorizer", numbers, mode="TF", **sizes, **pool)
	words = {
		"pool_strings": ["a", "b", "c", "a", "b", "b", "a"],
		"ngram_counts": [0, 3],
		"ngram_indexes": [4, 2, 0, 1, 3],
		"min_gram_length": 1,
		"max_gram_length": 2,
		"max_skip_count": 0,
	}
	weights = [1.0, 2.0, 3.0, 4.0, 5.0]
	for mode in ("TF", "IDF", "TFIDF"):
		case("TfIdfVectorizer", s("a", "b", "a", "b", "z"), mode=mode, weights=weights, opset=9, **words)
		case("TfIdfVectorizer", s(["a", "b", "a"], ["c", "", "c"]), mode=mode, **words)


def main():
	for make in (of_one_number, of_two_numbers, logic, casts, shapes, picks, makes, reductions, products):
		make()
	for make in (probabilities, scaling, encoders, texts):
		make()
	lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in CASES)
	Path(__file__).with_name("programs.json").write_text(f"[\n{lines}\n]\n")
	print(f"{len(CASES)} programs", *FAILED, sep="\n")
	return len(FAILED)


if __name__ == "__main__":
	raise SystemExit(main())
