"""Trains networks with several hidden layers and writes them as ONNX; see train.py. Each part needs its own packages:

    venv/bin/pip install -r requirements.txt && venv/bin/python train_deep.py perceptron
    venv/bin/pip install torch==2.15.0 && venv/bin/python train_deep.py convolutions
"""

import json
import sys

import numpy as np
import onnxruntime
from sklearn.datasets import load_digits
from train import HERE, SEED, dataset, export


def perceptron():
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    digits = dataset("digits", load_digits)
    network = MLPClassifier((32, 32), max_iter=2000, random_state=SEED, alpha=1.0)
    export("digits_mlp_32_32", make_pipeline(MinMaxScaler(), network), digits)


def convolutions():
    """Every value behind the first activation costs a bootstrap: strides and pools come before it, channels are few."""
    from torch import nn

    digits = dataset("digits", load_digits)
    # Means of 2 x 2 units cost nothing, and leave 64 bootstraps.
    plain = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), Noise(0.01), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), Noise(0.03),
        nn.Flatten(), nn.Linear(64, 10))
    train("digits_cnn", Classes(plain, 16.0), (1, 8, 8), digits)


def train(name, model, shape, split, epochs=150):
    import torch

    x, x_test, y, y_test = (np.asarray(part) for part in split)
    x, x_test = (part.reshape(-1, *shape).astype(np.float32) for part in (x, x_test))
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    for layer in model.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.01, epochs * (len(x) // 64 + 1))
    pictures, labels = torch.tensor(x), torch.tensor(y)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                model.scores(pictures[batch]), labels[batch], label_smoothing=0.1)
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()
    write(model, name, shape)
    session = onnxruntime.InferenceSession((HERE / f"{name}.onnx").read_bytes())
    classes, scores = session.run(None, {"x": x_test})
    scores = scores.astype(float).tolist()
    expected = {"prediction": classes.tolist(), "scores": scores, "decision": scores}
    (HERE / f"{name}.expected.json").write_text(json.dumps(expected) + "\n")
    right = (classes == y_test).mean()
    print(f"{name}: {len(x_test)} rows, of which {right:.1%} are right")


def write(model, name, shape):
    import onnx
    import torch

    path, example = HERE / f"{name}.onnx", torch.zeros(2, *shape)
    names = dict(input_names=["x"], output_names=["label", "scores"])
    axes = {tensor: {0: "rows"} for tensor in ("x", "label", "scores")}
    torch.onnx.export(model, (example,), path, dynamo=False, dynamic_axes=axes, **names)
    written = onnx.load(path)
    # The exporter's notes name folders of the machine.
    for part in (written, written.graph, *written.graph.node, *written.graph.value_info):
        del part.metadata_props[:]
    onnx.save(written, path)


def torch_modules():
    """Parts of networks; PyTorch is needed for these alone."""
    import torch
    from torch import nn

    class Noise(nn.Module):
        """While it is trained, noise in proportion to the range of values, as bootstraps add it."""

        def __init__(self, share):
            super().__init__()
            self.share = share

        def forward(self, x):
            if not self.training:
                return x
            return x + torch.randn_like(x) * self.share * x.detach().amax()

    class Classes(nn.Module):
        """The class and the score of each."""

        def __init__(self, layers, largest):
            super().__init__()
            self.layers, self.largest = layers, largest

        def scores(self, x):
            return self.layers(x / self.largest)

        def forward(self, x):
            scores = self.scores(x)
            return scores.argmax(1), scores

    return Noise, Classes


if __name__ == "__main__":
    part = sys.argv[1]
    if part != "perceptron":
        Noise, Classes = torch_modules()
    {"perceptron": perceptron, "convolutions": convolutions}[part]()
