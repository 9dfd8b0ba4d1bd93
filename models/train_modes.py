"""Writes tree ensembles with everything that the ONNX operators allow and no library writes: all
branch modes, sets, nodes with several parents, missing values either way, thresholds that rows hit
exactly, base values, transforms, aggregates, double precision. See train.py.

    venv/bin/python train_modes.py
"""

import json
import pathlib

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).parent
FEATURES, TREES, DEPTH, ROWS = 5, 6, 4, 60
CATEGORIES = 2
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def rows(random, dtype):
    # Few values, so that rows hit thresholds; some missing.
    values = random.integers(-4, 5, (ROWS, FEATURES)) / 4 + (0.1 if dtype == np.float64 else 0)
    values = values.astype(dtype)
    values[random.random(values.shape) < 0.1] = np.nan
    return values


def trees(random, outputs, dtype, weights, two_scores):
    """Attributes of random trees, and their leaves: (tree, node, output, weight)."""
    nodes = {name: [] for name in (
        "treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids",
        "missing_value_tracks_true")}
    leaves = []
    for tree in range(TREES):
        count = 0

        def grow(depth):
            nonlocal count
            node, count = count, count + 1
            at = len(nodes["modes"])
            leaf = depth == DEPTH or (depth > 1 and random.random() < 0.2)
            mode = "LEAF" if leaf else MODES[random.integers(len(MODES))]
            threshold = random.integers(-4, 5) / 4 + (0.1 if dtype == np.float64 else 0)
            for name, value in (
                ("treeids", tree), ("nodeids", node), ("featureids", random.integers(FEATURES)),
                ("modes", mode), ("values", 0.0 if leaf else threshold), ("truenodeids", 0),
                ("falsenodeids", 0), ("missing_value_tracks_true", random.integers(2)),
            ):
                nodes[name].append(int(value) if isinstance(value, np.integer) else value)
            if leaf:
                for output in range(outputs):
                    if outputs == 1 or two_scores or random.random() < 0.7:
                        leaves.append((tree, node, output, float(weights(random))))
                return node
            nodes["truenodeids"][at] = grow(depth + 1)
            nodes["falsenodeids"][at] = grow(depth + 1)
            return node

        grow(0)
    return {f"nodes_{name}": values for name, values in nodes.items()}, leaves


def write(name, seed, classes=0, targets=0, dtype=np.float32, weights=lambda r: r.normal(),
          two_scores=False, **attributes):
    random = np.random.default_rng(seed)
    x = rows(random, dtype)
    outputs = 1 if classes == 2 and not two_scores else classes or targets
    nodes, leaves = trees(random, outputs, dtype, weights, two_scores)
    prefix = "class" if classes else "target"
    columns = list(zip(*leaves))
    for suffix, values in zip(("treeids", "nodeids", "ids", "weights"), columns):
        nodes[f"{prefix}_{suffix}"] = list(values)
    if dtype == np.float64:
        for key in ("nodes_values", f"{prefix}_weights"):
            nodes[f"{key}_as_tensor"] = helper.make_tensor(
                key, TensorProto.DOUBLE, [len(nodes[key])], nodes.pop(key))
    kind = TensorProto.DOUBLE if dtype == np.float64 else TensorProto.FLOAT
    if classes:
        names = ["label", "scores"]
        node = helper.make_node(
            "TreeEnsembleClassifier", ["x"], names, domain="ai.onnx.ml",
            classlabels_int64s=[(1 if two_scores else 10) * label for label in range(classes)], **nodes, **attributes)
        results = [helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
                   helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, classes])]
    else:
        node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml",
                                n_targets=targets, **nodes, **attributes)
        results = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, targets])]
    graph = helper.make_graph(
        [node], name, [helper.make_tensor_value_info("x", kind, [None, FEATURES])], results)
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    save(name, model, x, bool(classes))


def save(name, model, x, classes=False):
    (HERE / f"{name}.onnx").write_bytes(model)
    found = onnxruntime.InferenceSession(model).run(None, {"x": x})
    scores = np.asarray(found[-1], dtype=float).reshape(ROWS, -1).tolist()
    expected = {"rows": [[None if np.isnan(v) else v for v in row] for row in x.tolist()],
                "scores": scores, "decision": scores}
    if classes:
        expected["prediction"] = found[0].tolist()
    (HERE / f"{name}.expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: {ROWS} rows")


def write_ensemble(name, seed, targets, dtype=np.float32, **attributes):
    """A `TreeEnsemble` of ai.onnx.ml 5; leaves have several parents, and the first features are categories."""
    random = np.random.default_rng(seed)
    x = rows(random, dtype)
    x[:, :CATEGORIES] = np.where(
        np.isnan(x[:, :CATEGORIES]), np.nan, random.integers(-1, 7, (ROWS, CATEGORIES)))
    kind = TensorProto.DOUBLE if dtype == np.float64 else TensorProto.FLOAT
    values = lambda: (random.integers(-4, 5) / 4 + (0.1 if dtype == np.float64 else 0))
    nodes = {name: [] for name in (
        "featureids", "truenodeids", "trueleafs", "falsenodeids", "falseleafs",
        "missing_value_tracks_true")}
    modes, splits, members, roots = [], [], [], []
    leaves = [(int(random.integers(targets)), float(random.normal())) for _ in range(25)]
    for tree in range(TREES):
        roots.append(len(modes))
        for at in range(2**DEPTH - 1):
            mode = int(random.integers(7))
            modes.append(mode)
            splits.append(values())
            if mode == 6:
                members += [float(random.integers(-1, 7)) for _ in range(random.integers(1, 5))]
                members.append(np.nan)
            feature = random.integers(CATEGORIES if mode == 6 else FEATURES)
            nodes["featureids"].append(int(feature))
            nodes["missing_value_tracks_true"].append(int(random.integers(2)))
            leaf = 2 * at + 1 >= 2**DEPTH - 1
            for child, branch in enumerate(("true", "false"), start=1):
                target = random.integers(len(leaves)) if leaf else roots[-1] + 2 * at + child
                nodes[f"{branch}nodeids"].append(int(target))
                nodes[f"{branch}leafs"].append(int(leaf))
    tensor = lambda key, kind, numbers: helper.make_tensor(key, kind, [len(numbers)], numbers)
    node = helper.make_node(
        "TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n_targets=targets, tree_roots=roots,
        nodes_modes=tensor("modes", TensorProto.UINT8, modes),
        nodes_splits=tensor("splits", kind, splits),
        membership_values=tensor("members", kind, members),
        leaf_targetids=[target for target, _ in leaves],
        leaf_weights=tensor("weights", kind, [weight for _, weight in leaves]),
        **{f"nodes_{name}": values for name, values in nodes.items()}, **attributes)
    graph = helper.make_graph(
        [node], name, [helper.make_tensor_value_info("x", kind, [None, FEATURES])],
        [helper.make_tensor_value_info("y", kind, [None, targets])])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 5)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    save(name, model, x)


def main():
    positive = lambda random: random.random() / TREES
    write("modes_binary", 1, classes=2)
    write("modes_binary_logistic", 2, classes=2, post_transform="LOGISTIC", base_values=[0.3])
    write("modes_binary_positive", 3, classes=2, weights=positive)
    write("modes_classes", 4, classes=4)
    write("modes_classes_softmax", 5, classes=3, post_transform="SOFTMAX",
          base_values=[0.5, -0.2, 0.1])
    write("modes_classes_softmax_zero", 6, classes=3, post_transform="SOFTMAX_ZERO")
    write("modes_classes_logistic", 7, classes=3, post_transform="LOGISTIC")
    write("modes_sum", 8, targets=1, base_values=[2.5])
    write("modes_average", 9, targets=3, aggregate_function="AVERAGE")
    write("modes_probit", 11, targets=1, weights=positive, post_transform="PROBIT")
    write("modes_double", 10, targets=1, dtype=np.float64)
    write("modes_two_scores", 12, classes=2, two_scores=True, post_transform="LOGISTIC")
    write_ensemble("modes_ensemble", 13, targets=2)
    write_ensemble("modes_ensemble_average", 14, targets=1, aggregate_function=0)
    write_ensemble("modes_ensemble_softmax_zero", 15, targets=3, post_transform=3)
    write_ensemble("modes_ensemble_double", 16, targets=2, dtype=np.float64)


if __name__ == "__main__":
    main()
