"""Trains a network in PyTorch and writes it as ONNX; see train.py. Needs PyTorch.

    venv/bin/pip install torch && venv/bin/python train_torch.py
"""

import json
import pathlib

import numpy as np
import onnxruntime
import torch

HERE = pathlib.Path(__file__).parent


def rows(name):
    return np.loadtxt(HERE / name, delimiter=",", skiprows=1, dtype=np.float32)


def main():
    torch.manual_seed(0)
    train, test = rows("iris.train.csv"), rows("iris.test.csv")
    # The classes, as the scikit-learn network of iris sees them.
    session = onnxruntime.InferenceSession((HERE / "iris_network.onnx").read_bytes())
    labels = torch.tensor(session.run(None, {session.get_inputs()[0].name: train})[0])
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 12), torch.nn.ELU(), torch.nn.Linear(12, 3)
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(400):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(train)), labels)
        loss.backward()
        optimiser.step()
    path = HERE / "iris_torch.onnx"
    torch.onnx.export(
        model, torch.zeros(1, 4), path, input_names=["x"], output_names=["logits"],
        dynamic_axes={"x": {0: "rows"}, "logits": {0: "rows"}},
    )
    scores = onnxruntime.InferenceSession(path.read_bytes()).run(None, {"x": test})[0]
    scores = np.asarray(scores, dtype=float).tolist()
    (HERE / "iris_torch.expected.json").write_text(
        json.dumps({"scores": scores, "decision": scores}) + "\n"
    )


if __name__ == "__main__":
    main()
