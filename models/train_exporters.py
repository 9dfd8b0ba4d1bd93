"""Models as exporters beside skl2onnx write them today; see train.py. Each part needs its own packages:

    venv/bin/pip install -r requirements.txt catboost==1.2.10 && venv/bin/python train_exporters.py trees
    venv/bin/pip install torch==2.15.0 onnxscript==0.7.2 && venv/bin/python train_exporters.py torch
    venv/bin/pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0 && venv/bin/python train_exporters.py keras
"""

import json
import os
import pathlib
import sys

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
SEED = 0


def table(name):
    return np.loadtxt(HERE / name, delimiter=",", skiprows=1, dtype=np.float32)


def save(name, rows, own_rows=False):
    """What ONNX Runtime says of the rows, which are those of a dataset unless they are the model's own."""
    session = onnxruntime.InferenceSession(str(HERE / f"{name}.onnx"))
    outputs = session.run(None, {session.get_inputs()[0].name: rows})
    scores = outputs[-1]
    if isinstance(scores, list):  # ZipMap
        scores = [list(row.values()) for row in scores]
    scores = np.asarray(scores, dtype=float).reshape(len(rows), -1).tolist()
    expected = {"scores": scores, "decision": scores}
    if len(outputs) == 2:
        expected["prediction"] = outputs[0].tolist()
    if own_rows:
        plain = lambda value: None if np.isnan(value) else value
        expected["rows"] = [[plain(value) for value in row] for row in rows.astype(float).tolist()]
    (HERE / f"{name}.expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{name}: {len(rows)} rows")


def labels(dataset, model, rows):
    """The classes, as a model of scikit-learn sees them."""
    session = onnxruntime.InferenceSession((HERE / f"{model}.onnx").read_bytes())
    return session.run(None, {session.get_inputs()[0].name: rows})[0]


def trees():
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    train, test = table("breast_cancer.train.csv"), table("breast_cancer.test.csv")
    model = CatBoostClassifier(
        20, depth=4, random_seed=SEED, verbose=0, allow_writing_files=False)
    model.fit(train, labels("breast_cancer", "breast_cancer_extra_trees", train))
    model.save_model(str(HERE / "breast_cancer_catboost.onnx"), format="onnx")
    save("breast_cancer_catboost", test)

    # Two columns of categories, whose splits ask for sets; some values are missing or unknown.
    random = np.random.default_rng(SEED)
    x = random.normal(size=(900, 4)).astype(np.float32)
    x[:, 0] = random.integers(0, 12, 900)
    x[:, 1] = random.integers(0, 40, 900)
    y = np.isin(x[:, 0], [1, 4, 5, 9]) ^ (x[:, 1] % 7 > 3) ^ (x[:, 2] > 0.3)
    model = LGBMClassifier(
        n_estimators=10, num_leaves=12, max_cat_to_onehot=1, cat_smooth=1, min_data_per_group=5,
        random_state=SEED, verbose=-1)
    model.fit(x[:800], y[:800].astype(int), categorical_feature=[0, 1])
    onnx = convert_lightgbm(
        model, initial_types=[("x", FloatTensorType([None, 4]))], zipmap=False, target_opset=15)
    (HERE / "categories_lightgbm.onnx").write_bytes(onnx.SerializeToString())
    rows = x[800:]
    rows[random.random(rows.shape) < 0.05] = np.nan
    rows[:5, 0], rows[5:9, 1] = 77, 2.5
    save("categories_lightgbm", rows, own_rows=True)


def torch():
    import torch

    torch.manual_seed(SEED)
    train, test = table("iris.train.csv"), table("iris.test.csv")
    classes = torch.tensor(labels("iris", "iris_network", train))
    # A SiLU is two operators, and the weights are in a file of their own.
    model = torch.nn.Sequential(
        torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 12), torch.nn.SiLU(), torch.nn.Dropout(0.1),
        torch.nn.Linear(12, 3))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(400):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(train)), classes)
        loss.backward()
        optimiser.step()
    model.eval()
    export(model, "iris_torch_dynamo", torch.float32)
    save("iris_torch_dynamo", test)
    export(model.half(), "iris_torch_half", torch.float16)
    save("iris_torch_half", test.astype(np.float16))


def export(model, name, kind):
    """With PyTorch's newer exporter; weights of single precision go into a file of their own."""
    import onnx
    import torch

    torch.onnx.export(
        model, (torch.zeros(2, 4, dtype=kind),), HERE / f"{name}.onnx", dynamo=True,
        external_data=False, input_names=["x"], output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("rows")},))
    written = onnx.load(HERE / f"{name}.onnx")
    # The exporter's notes name folders of the machine.
    for part in (written, written.graph, *written.graph.node, *written.graph.value_info):
        del part.metadata_props[:]
    onnx.save(
        written, HERE / f"{name}.onnx", save_as_external_data=kind == torch.float32,
        location=f"{name}.onnx.data", size_threshold=0)


def keras():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    import tf2onnx

    tf.keras.utils.set_random_seed(SEED)
    layers = tf.keras.layers
    train, test = table("iris.train.csv"), table("iris.test.csv")
    model = tf.keras.Sequential([
        tf.keras.Input((4,)), layers.Rescaling(0.5), layers.Dense(12, activation="relu"),
        layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(3, activation="softmax")])
    model.compile(tf.keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(train, labels("iris", "iris_network", train), epochs=60, verbose=0)
    infer = tf.function(
        lambda x: model(x), input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    onnx, _ = tf2onnx.convert.from_function(infer, input_signature=infer.input_signature, opset=9)
    (HERE / "iris_keras.onnx").write_bytes(onnx.SerializeToString())
    save("iris_keras", test)


if __name__ == "__main__":
    {"trees": trees, "torch": torch, "keras": keras}[sys.argv[1]]()
