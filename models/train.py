"""Trains the linear models of this folder and writes them as ONNX, with rows to try them on.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python train.py

Trees are in train_trees.py, networks in train_networks.py and train_torch.py, deep ones in train_deep.py, and what other
exporters write in train_exporters.py.

For each dataset: DATASET.train.csv and DATASET.test.csv (features, with a header). For each model:
MODEL.onnx and MODEL.expected.json, what ONNX Runtime says of every row of the test file. The float
scores before any sigmoid or softmax are in `decision`, from scikit-learn.
"""

import json
import pathlib
import warnings

import numpy as np
import onnxruntime
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC, LinearSVR
from skl2onnx import to_onnx

HERE = pathlib.Path(__file__).parent
SEED = 0
# The newest that the converters of XGBoost and LightGBM write.
OPSETS = {"": 15, "ai.onnx.ml": 3}
warnings.filterwarnings("ignore")


def write_csv(path, names, rows):
    with open(path, "w") as file:
        file.write(",".join(names) + "\n")
        for row in rows:
            file.write(",".join(repr(float(value)) for value in row) + "\n")


def dataset(name, load):
    data = load()
    x = data.data.astype(np.float32)
    names = [str(feature).replace(" ", "_").replace("/", "_per_") for feature in data.feature_names]
    stratify = data.target if hasattr(data, "target_names") else None
    split = train_test_split(x, data.target, test_size=0.2, random_state=SEED, stratify=stratify)
    write_csv(HERE / f"{name}.train.csv", names, split[0])
    write_csv(HERE / f"{name}.test.csv", names, split[1])
    return split


def export(name, model, split, y_train=None, options=None):
    x_train, x_test, y, _ = split
    model.fit(x_train, y if y_train is None else y_train)
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    options = {id(last): options} if options else None
    onnx = to_onnx(model, x_train[:1], options=options, target_opset=OPSETS)
    onnx.producer_version = onnx.producer_version or "1"
    (HERE / f"{name}.onnx").write_bytes(onnx.SerializeToString())

    session = onnxruntime.InferenceSession(onnx.SerializeToString())
    outputs = session.run(None, {session.get_inputs()[0].name: x_test})
    expected = {}
    if len(outputs) == 2:
        scores = outputs[1]
        if isinstance(scores, list):  # ZipMap
            scores = [list(row.values()) for row in scores]
        expected["prediction"] = [v.item() if hasattr(v, "item") else v for v in outputs[0]]
        expected["scores"] = np.asarray(scores, dtype=float).reshape(len(x_test), -1).tolist()
        decision = scores
        if hasattr(model, "decision_function"):
            decision = model.decision_function(x_test)
    else:
        expected["scores"] = np.asarray(outputs[0], dtype=float).reshape(len(x_test), -1).tolist()
        decision = model.predict(x_test)
    expected["decision"] = np.asarray(decision, dtype=float).reshape(len(x_test), -1).tolist()
    (HERE / f"{name}.expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: {len(x_test)} rows")


def main():
    cancer = dataset("breast_cancer", load_breast_cancer)
    wine = dataset("wine", load_wine)
    diabetes = dataset("diabetes", load_diabetes)
    wine_names = np.array(load_wine().target_names)[wine[2]]
    standard, min_max = StandardScaler, MinMaxScaler

    # The models of the README and the demo.
    export("breast_cancer_logistic", make_pipeline(standard(), LogisticRegression()), cancer)
    export("wine_logistic", make_pipeline(standard(), LogisticRegression()), wine)
    export("diabetes_ridge", make_pipeline(standard(), Ridge()), diabetes)

    # One of each form that scikit-learn's converter writes.
    no_zipmap = {"zipmap": False}
    sgd = dict(random_state=SEED)
    export("wine_logistic_names", LogisticRegression(max_iter=10000), wine, wine_names)
    export("wine_logistic_min_max", make_pipeline(min_max(), LogisticRegression()), wine,
           options=no_zipmap)
    export("breast_cancer_logistic_raw", LogisticRegression(max_iter=10000), cancer)
    raw = {"raw_scores": True}
    export("breast_cancer_svc", make_pipeline(standard(), LinearSVC(**sgd)), cancer,
           options={"raw_scores": False})
    export("wine_svc", make_pipeline(standard(), LinearSVC(**sgd)), wine, options=raw)
    export("breast_cancer_ridge", make_pipeline(standard(), RidgeClassifier()), cancer)
    for loss in ("hinge", "log_loss", "modified_huber"):
        classifier = SGDClassifier(loss=loss, **sgd)
        export(f"breast_cancer_sgd_{loss}", make_pipeline(standard(), classifier), cancer)
        export(f"wine_sgd_{loss}", make_pipeline(min_max(), classifier), wine, options=no_zipmap)
    export("wine_sgd_names", make_pipeline(standard(), SGDClassifier(loss="log_loss", **sgd)), wine,
           wine_names, options=no_zipmap)
    export("diabetes_linear", LinearRegression(), diabetes)
    export("diabetes_lasso", make_pipeline(min_max(), Lasso()), diabetes)
    export("diabetes_svr", make_pipeline(standard(), LinearSVR(**sgd)), diabetes)
    export("diabetes_sgd", make_pipeline(standard(), SGDRegressor(**sgd)), diabetes)
    both = np.c_[diabetes[2], 100 - 3 * diabetes[2]]
    export("diabetes_two_targets", make_pipeline(standard(), Ridge()), diabetes, both)


def export_unsupported():
    """A model that the import must refuse by the name of its first strange node."""
    x, y = load_wine(return_X_y=True)
    model = make_pipeline(Binarizer(threshold=2), LogisticRegression()).fit(x.astype(np.float32), y)
    path = HERE.parent / "crates/models/tests/binarizer.onnx"
    path.write_bytes(to_onnx(model, x[:1].astype(np.float32)).SerializeToString())


if __name__ == "__main__":
    main()
    export_unsupported()
