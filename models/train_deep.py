"""Trains networks with several hidden layers and writes them as ONNX; see train.py.

    venv/bin/python train_deep.py
"""

from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from train import SEED, dataset, export


def main():
    digits = dataset("digits", load_digits)
    network = MLPClassifier((32, 32), max_iter=2000, random_state=SEED, alpha=1.0)
    export("digits_mlp_32_32", make_pipeline(MinMaxScaler(), network), digits)


if __name__ == "__main__":
    main()
