"""Trains XGBoost models of growing size on made-up rows, for scripts/bench-court.sh."""

import sys
from pathlib import Path

import numpy as np
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.datasets import make_classification
from xgboost import XGBClassifier

FEATURES = 20
SIZES = [(10, 4), (50, 4), (50, 6), (100, 6), (200, 6), (350, 6), (500, 6)]

folder = Path(sys.argv[1])
x, y = make_classification(8000, FEATURES, n_informative=14, n_redundant=2, class_sep=0.6, flip_y=0.05, random_state=0)
x = x.astype(np.float32)
header = ",".join(f"f{at}" for at in range(FEATURES))
np.savetxt(folder / "rows.csv", x[:200], delimiter=",", header=header, comments="", fmt="%.9g")
for trees, depth in SIZES:
    model = XGBClassifier(n_estimators=trees, max_depth=depth, learning_rate=0.05, random_state=0).fit(x, y)
    kind = [("x", FloatTensorType([None, FEATURES]))]
    onnx = convert_xgboost(model, initial_types=kind).SerializeToString()
    (folder / f"xgboost_{trees}x{depth}.onnx").write_bytes(onnx)
