"""Trains networks with one hidden layer and writes them as ONNX; see train.py.

    venv/bin/python train_networks.py
"""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from train import SEED, dataset, export


def classifier(units, **options):
    options = dict(max_iter=2000, random_state=SEED, alpha=0.01) | options
    return MLPClassifier(hidden_layer_sizes=(units,), **options)


def main():
    iris = dataset("iris", load_iris)
    digits = dataset("digits", load_digits)
    cancer = dataset("breast_cancer", load_breast_cancer)
    diabetes = dataset("diabetes", load_diabetes)
    names = np.array(load_iris().target_names)[iris[2]]

    export("iris_network", make_pipeline(StandardScaler(), classifier(16)), iris)
    export("iris_network_names", classifier(10, activation="tanh"), iris, names)
    export("digits_network", make_pipeline(StandardScaler(), classifier(32, alpha=1.0)), digits)
    export("digits_network_raw", classifier(24, activation="logistic", alpha=0.1), digits)
    export("breast_cancer_network",
           make_pipeline(StandardScaler(), classifier(12, activation="tanh", alpha=1.0)), cancer)
    # Outliers stay far away, and the network is sure of most rows.
    export("breast_cancer_network_robust",
           make_pipeline(RobustScaler(), MLPClassifier((16,), max_iter=800, random_state=7)), cancer)
    # An identity activation makes a linear model.
    export("breast_cancer_network_identity",
           make_pipeline(StandardScaler(), classifier(8, activation="identity", alpha=1.0)), cancer)
    regressor = MLPRegressor(hidden_layer_sizes=(16,), activation="relu", alpha=1.0, max_iter=5000, random_state=SEED)
    export("diabetes_network", make_pipeline(StandardScaler(), regressor), diabetes)


if __name__ == "__main__":
    main()
