"""One XGBoost model under fhe-ml, Concrete ML and weirwood: the same trees, the same rows, the same machine.

Run by bench-private.sh, in an environment with Concrete ML.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
from concrete.ml.sklearn import XGBClassifier as ConcreteXGB
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from bench_peer import SEED, export, milliseconds, size, write_csv


def rows():
    """Standardised, as weirwood's documentation asks for: it keeps three decimals of a feature."""
    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED, stratify=y
    )
    scaler = StandardScaler().fit(x_train)
    return (*(scaler.transform(x).astype(np.float32) for x in (x_train, x_test)), y_train, y_test)


def save_for_weirwood(model, path):
    """XGBoost's JSON as later versions write it, which is what weirwood reads: the base score, a probability, in
    brackets, and the value of a leaf, learning rate included, as its base weight."""
    model.save_model(path)
    saved = json.loads(path.read_text())
    learner = saved["learner"]
    parameters = learner["learner_model_param"]
    parameters["base_score"] = f"[{parameters['base_score'].strip('[]')}]"
    for tree in learner["gradient_booster"]["model"]["trees"]:
        for node, child in enumerate(tree["left_children"]):
            if child == -1:
                tree["base_weights"][node] = tree["split_conditions"][node]
    path.write_text(json.dumps(saved))


def run(*command):
    command = list(map(str, command))
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class FheMl:
    """Public and private, on every row of a round in turns."""

    def __init__(self, options, folder):
        files = ("model.onnx", "train.csv", "test.csv")
        self.command = (options.fhe_ml, *(folder / file for file in files))
        self.forms = {}

    def round(self, _):
        for form in run(*self.command):
            name = f"fhe-ml {form['name']}"
            known = self.forms.setdefault(name, {**form, "ms": [], "encrypt_ms": []})
            known["ms"] += form["ms"]
            known["encrypt_ms"] += form["encrypt_ms"]
            known["found"] = np.array(form["predictions"])

    def figures(self):
        return self.forms


class Concrete:
    """The same trees with quantised thresholds; agreement in simulation, which has the circuit's errors."""

    def __init__(self, bits, float_model, x_train, x_test):
        self.name = f"Concrete ML, {bits} bits"
        self.model = ConcreteXGB.from_sklearn_model(float_model, x_train, n_bits=bits)
        self.circuit = self.model.compile(x_train)
        self.circuit.keygen()
        self.x_test = x_test
        found = self.model.predict_proba(x_test, fhe="simulate").argmax(axis=1)
        key = len(self.circuit.client.evaluation_keys.serialize())
        self.known = {"found": found, "key": key, "ms": [], "encrypt_ms": []}

    def round(self, number):
        quantised = self.model.quantize_input(self.x_test[number : number + 1])
        start = time.perf_counter()
        encrypted = self.circuit.encrypt(quantised)
        self.known["encrypt_ms"].append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        result = self.circuit.run(encrypted)
        self.known["ms"].append((time.perf_counter() - start) * 1000)
        self.known |= {"input": len(encrypted.serialize()), "result": len(result.serialize())}

    def figures(self):
        return {self.name: self.known}


class Weirwood:
    """Agreement in the clear with its integers; the tool checks that encrypted rows have the same score."""

    def __init__(self, options, folder, x_test):
        self.options, self.folder, self.x_test = options, folder, x_test
        scores = run(options.weirwood, folder / "model.json", folder / "test.csv", 0)["scores"]
        self.known = {"found": (np.array(scores) > 0).astype(int), "ms": [], "encrypt_ms": []}

    def round(self, number):
        if number >= self.options.weirwood_rows:
            return
        row = self.folder / "row.csv"
        write_csv(row, self.x_test[number : number + 1])
        report = run(self.options.weirwood, self.folder / "model.json", row, 1)
        self.known["ms"] += report["ms"]
        self.known["encrypt_ms"] += report["encrypt_ms"]
        self.known |= {part: report[part] for part in ("key", "input", "result")}

    def figures(self):
        return {"weirwood": self.known}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fhe-ml", required=True)
    parser.add_argument("--weirwood", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--weirwood-rows", type=int, required=True)
    options = parser.parse_args()
    x_train, x_test, y_train, y_test = rows()
    float_model = XGBClassifier(n_estimators=50, max_depth=4, random_state=SEED)
    float_model.fit(x_train, y_train)
    float_found = float_model.predict(x_test)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        export(float_model, x_train, folder / "model.onnx")
        save_for_weirwood(float_model, folder / "model.json")
        write_csv(folder / "train.csv", x_train)
        write_csv(folder / "test.csv", x_test)
        # Six bits are Concrete ML's default, seven the least that agree with the float model on all rows.
        concrete = [Concrete(bits, float_model, x_train, x_test) for bits in (6, 7)]
        peers = [FheMl(options, folder), *concrete, Weirwood(options, folder, x_test)]
        for number in range(options.rounds):
            for peer in peers:
                peer.round(number)
    figures = {name: known for peer in peers for name, known in peer.figures().items()}
    reference = statistics.median(figures["fhe-ml private, decoys:48"]["ms"])
    print(f"XGBoost 50x4, accuracy of the float model {100 * np.mean(float_found == y_test):.1f} %\n")
    print("| | agrees with float | key | input | result | encryption | evaluation | rows | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, known in figures.items():
        agreement = 100 * np.mean(known["found"] == float_found)
        if not known["ms"]:
            print(f"| {name} | {agreement:.1f} % | | | | | | 0 | |")
            continue
        median = statistics.median(known["ms"])
        print(f"| {name} | {agreement:.1f} % | {size(known['key'])} | {size(known['input'])} "
              f"| {size(known['result'])} | {milliseconds(statistics.median(known['encrypt_ms']))} "
              f"| {milliseconds(median)} | {len(known['ms'])} | {median / reference:,.2f} |", flush=True)


if __name__ == "__main__":
    main()
