"""Concrete ML and fhe-ml side by side: the same trained models, the same rows, the same machine.

Run by bench-peer.sh, in an environment with Concrete ML.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

import numpy as np
import torch
from concrete.ml import sklearn as concrete
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.model_selection import train_test_split

warnings.filterwarnings("ignore")
SEED = 0


def network(hidden_per_feature, hidden_layers=1):
    return concrete.NeuralNetClassifier(
        module__n_layers=1 + hidden_layers,
        module__n_hidden_neurons_multiplier=hidden_per_feature,
        max_epochs=60,
        verbose=0,
    )


# Name, data, Concrete ML's model (which trains the float model as well), runs to time.
MODELS = [
    ("LogisticRegression", load_breast_cancer, lambda: concrete.LogisticRegression(), 20),
    ("LinearRegression", load_diabetes, lambda: concrete.LinearRegression(), 20),
    ("DecisionTree depth 5", load_breast_cancer,
     lambda: concrete.DecisionTreeClassifier(max_depth=5, random_state=SEED), 3),
    ("XGBoost 10x3", load_breast_cancer,
     lambda: concrete.XGBClassifier(n_estimators=10, max_depth=3, random_state=SEED), 3),
    ("XGBoost 50x4", load_breast_cancer,
     lambda: concrete.XGBClassifier(n_estimators=50, max_depth=4, random_state=SEED), 3),
    ("RandomForest 10x4", load_breast_cancer,
     lambda: concrete.RandomForestClassifier(n_estimators=10, max_depth=4, random_state=SEED), 3),
    ("network, iris, 16 hidden", load_iris, lambda: network(4), 3),
    ("network, digits, 32 hidden", load_digits, lambda: network(0.5), 3),
    ("MLP 64-32-32-10, digits", load_digits, lambda: network(0.5, hidden_layers=2), 3),
]


def export(float_model, x, path):
    """The float model as ONNX."""
    if hasattr(float_model, "module_"):
        torch.onnx.export(float_model.module_.cpu().eval(), torch.zeros(1, x.shape[1]), path,
                          dynamic_axes={"x": {0: "rows"}}, input_names=["x"])
    elif type(float_model).__name__.startswith("XGB"):
        kind = [("x", FloatTensorType([None, x.shape[1]]))]
        path.write_bytes(convert_xgboost(float_model, initial_types=kind).SerializeToString())
    else:
        path.write_bytes(to_onnx(float_model, x[:1]).SerializeToString())


def write_csv(path, rows):
    header = ",".join(f"f{at}" for at in range(rows.shape[1]))
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.9g")


def labels(values):
    values = np.asarray(values)
    return values.argmax(axis=1) if values.ndim == 2 and values.shape[1] > 1 else values.ravel()


def quality(found, float_found, wanted, classifies):
    """Accuracy and agreement with the float model; for regressions R2, of truth and of the model."""
    if classifies:
        return float(np.mean(found == wanted)), float(np.mean(found == float_found))
    r2 = lambda truth: 1 - float(np.sum((found - truth) ** 2) / np.sum((truth - truth.mean()) ** 2))
    return r2(wanted), r2(float_found)


def run_concrete_on_file(model, rows):
    """All rows as Concrete ML takes a file: one after the other, each with a ciphertext of its own."""
    circuit = model.fhe_circuit
    start, sent = time.perf_counter(), 0
    for row in range(len(rows)):
        encrypted = circuit.encrypt(model.quantize_input(rows[row : row + 1]))
        result = circuit.run(encrypted)
        sent += len(encrypted.serialize()) + len(result.serialize())
    return {"seconds": time.perf_counter() - start, "bytes": sent}


def run_concrete(model, x_train, x_test, runs):
    circuit = model.compile(x_train)
    circuit.keygen()
    keys = len(circuit.client.evaluation_keys.serialize())
    # Rows of the test set in simulation, which has the circuit's errors; a few for real.
    found = labels(model.predict_proba(x_test, fhe="simulate")
                   if hasattr(model, "predict_proba") else model.predict(x_test, fhe="simulate"))
    times = []
    for row in range(runs):
        encrypted = circuit.encrypt(model.quantize_input(x_test[row : row + 1]))
        start = time.perf_counter()
        result = circuit.run(encrypted)
        times.append((time.perf_counter() - start) * 1000)
    return found, {
        "key": keys,
        "input": len(encrypted.serialize()),
        "result": len(result.serialize()),
        "ms": statistics.median(times),
    }


def tool_of(options):
    return lambda *arguments: subprocess.run(
        [options.fhe_ml, *map(str, arguments), "--json"], check=True, capture_output=True, text=True
    ).stdout.splitlines()


def run_fhe_ml_on_file(options, folder, rows):
    """The same rows as one request, with encryption and decryption."""
    write_csv(folder / "file.csv", rows)
    start = time.perf_counter()
    lines = tool_of(options)(
        "evaluate", folder / "model.fheml", "--input", folder / "file.csv", "--key", folder / "keys",
        "--threads", options.threads, "--rows-per-request", len(rows))
    seconds = time.perf_counter() - start
    summary = json.loads(lines[-1])["summary"]
    return {"seconds": seconds, "bytes": summary["input_bytes_total"] + summary["result_bytes_total"]}


def run_fhe_ml(options, onnx, folder, x_train, x_test):
    write_csv(folder / "train.csv", x_train)
    write_csv(folder / "test.csv", x_test)
    tool = tool_of(options)
    keys, model = folder / "keys", folder / "model.fheml"
    tool("keygen", "--out", keys)
    tool("model", "import", onnx, "--calibration", folder / "train.csv", "--output", model)
    evaluate = ("evaluate", model, "--input", folder / "test.csv", "--threads", options.threads)
    # Deep networks take seconds a row: a sample is encrypted, and all rows are counted in integers.
    is_deep = json.loads(tool("model", "inspect", model)[0])["sizes"].get("bootstrap_key", 0) > 0
    sample = ("--rows", "0..20") if is_deep else ()
    *rows, summary = map(json.loads, tool(*evaluate, "--key", keys, *sample))
    summary = summary["summary"]
    if is_deep:
        *clear, _ = map(json.loads, tool(*evaluate, "--clear"))
        predicted = lambda rows: labels([row["prediction"] for row in rows])
        same = np.sum(predicted(rows) == predicted(clear[: len(rows)]))
        print(f"{same} of {len(rows)} encrypted rows have the class of the exact integers", flush=True)
        rows = clear
    found = labels([row["prediction"] for row in rows])
    return found, {
        "key": summary["server_key_bytes"] + summary["bootstrap_key_bytes"],
        "input": summary["input_bytes"],
        "result": summary["result_bytes"],
        "ms": summary["evaluate_ms_median"],
    }


def size(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB" if count else "none"


def milliseconds(value):
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fhe-ml", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--file", type=int, default=0)
    options = parser.parse_args()
    if not any(options.only in name for name, *_ in MODELS):
        parser.error(f"no model's name has {options.only!r} in it: " + ", ".join(name for name, *_ in MODELS))
    print("| model | | accuracy | agrees with float | key | input | result | median time | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, load, make, runs in MODELS:
        if options.only not in name:
            continue
        x, y = load(return_X_y=True)
        x = x.astype(np.float32)
        classifies = load is not load_diabetes
        x_train, x_test, y_train, y_test = train_test_split(
            x, y, test_size=0.2, random_state=SEED, stratify=y if classifies else None
        )
        torch.manual_seed(SEED)
        model, float_model = make().fit_benchmark(x_train, y_train)
        float_found = labels(float_model.predict(x_test))
        theirs, peer = run_concrete(model, x_train, x_test, runs)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            export(float_model, x_train, folder / "model.onnx")
            ours, own = run_fhe_ml(options, folder / "model.onnx", folder, x_train, x_test)
            if options.file:
                rows = np.resize(x_test, (options.file, x_test.shape[1]))
                files = [(who, run()) for who, run in (
                    ("Concrete ML", lambda: run_concrete_on_file(model, rows)),
                    ("fhe-ml", lambda: run_fhe_ml_on_file(options, folder, rows)),
                )]
                for who, figures in files:
                    print(f"a file of {options.file} rows, {name}, {who}: {figures['seconds']:,.2f} s, "
                          f"{size(figures['bytes'])} in and out", flush=True)
        for who, found, figures, ratio in (
            ("Concrete ML", theirs, peer, ""),
            ("fhe-ml", ours, own, f"{peer['ms'] / own['ms']:,.0f}x"),
        ):
            accuracy, agreement = quality(found, float_found, y_test, classifies)
            unit = (lambda v: f"{100 * v:.1f} %") if classifies else (lambda v: f"R2 {v:.4f}")
            print(f"| {name if who == 'Concrete ML' else ''} | {who} | {unit(accuracy)} "
                  f"| {unit(agreement)} | {size(figures['key'])} | {size(figures['input'])} "
                  f"| {size(figures['result'])} | {milliseconds(figures['ms'])} | {ratio} |",
                  flush=True)


if __name__ == "__main__":
    try:
        main()
    except Exception:
        # With Concrete ML's runtime loaded, Python ends with 0 after an exception.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
