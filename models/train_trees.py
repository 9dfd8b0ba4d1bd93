"""Trains tree ensembles and writes them as ONNX; see train.py.

    venv/bin/python train_trees.py
"""

import numpy as np
import onnx
from lightgbm import LGBMClassifier, LGBMRegressor
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from train import SEED, dataset, export
from xgboost import XGBClassifier, XGBRegressor


def register_converters():
    boosters = [
        (XGBClassifier, "XGBoostXGBClassifier", convert_xgboost, True),
        (XGBRegressor, "XGBoostXGBRegressor", convert_xgboost, False),
        (LGBMClassifier, "LightGbmLGBMClassifier", convert_lightgbm, True),
        (LGBMRegressor, "LightGbmLGBMRegressor", convert_lightgbm, False),
    ]
    for model, alias, convert, classifies in boosters:
        shapes = calculate_linear_regressor_output_shapes
        options = None
        if classifies:
            shapes = calculate_linear_classifier_output_shapes
            options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
        update_registered_converter(model, alias, shapes, convert, options=options)


def plain(item):
    item = item.item() if isinstance(item, np.generic) else item
    return int(item) if isinstance(item, bool) else item


def accept_numpy_integers():
    """skl2onnx hands NumPy's integers and bools to onnx, which takes Python's integers only."""
    make_attribute = onnx.helper.make_attribute

    def converted(key, value, *rest, **options):
        if isinstance(value, list):
            value = [plain(item) for item in value]
        return make_attribute(key, value, *rest, **options)

    onnx.helper.make_attribute = converted


def with_holes(split):
    """The same rows with every seventh value missing."""
    holes = []
    for rows in split[:2]:
        rows = rows.copy()
        rows.ravel()[::7] = np.nan
        holes.append(rows)
    return (*holes, *split[2:])


def main():
    register_converters()
    accept_numpy_integers()
    cancer = dataset("breast_cancer", load_breast_cancer)
    wine = dataset("wine", load_wine)
    digits = dataset("digits", load_digits)
    diabetes = dataset("diabetes", load_diabetes)
    seed = dict(random_state=SEED)
    lgbm = dict(verbose=-1, **seed)

    # The models of the README and of the comparison with Concrete ML.
    export("breast_cancer_xgboost_50x4", XGBClassifier(n_estimators=50, max_depth=4, **seed), cancer)
    export("breast_cancer_xgboost_10x3", XGBClassifier(n_estimators=10, max_depth=3, **seed), cancer)
    export("breast_cancer_forest_10x4",
           RandomForestClassifier(n_estimators=10, max_depth=4, **seed), cancer)

    for name, split in (("breast_cancer", cancer), ("wine", wine), ("digits", digits)):
        if name != "breast_cancer":
            export(f"{name}_xgboost", XGBClassifier(n_estimators=20, max_depth=4, **seed), split)
            export(f"{name}_forest",
                   RandomForestClassifier(n_estimators=20, max_depth=6, **seed), split)
        export(f"{name}_lightgbm",
               LGBMClassifier(n_estimators=20, num_leaves=15, **lgbm), split)
        export(f"{name}_tree", DecisionTreeClassifier(max_depth=9, **seed), split)
        export(f"{name}_extra_trees",
               ExtraTreesClassifier(n_estimators=15, max_depth=5, **seed), split)
        export(f"{name}_hist_boosting",
               HistGradientBoostingClassifier(max_iter=10, max_depth=4, **seed), split)
        export(f"{name}_boosting",
               GradientBoostingClassifier(n_estimators=10, max_depth=3, **seed), split)

    holes = with_holes(cancer)
    export("holes_xgboost", XGBClassifier(n_estimators=10, max_depth=3, **seed), holes)
    export("holes_lightgbm", LGBMClassifier(n_estimators=10, num_leaves=8, **lgbm), holes)
    export("holes_hist_boosting", HistGradientBoostingClassifier(max_iter=10, **seed), holes)

    export("diabetes_xgboost", XGBRegressor(n_estimators=50, max_depth=3, **seed), diabetes)
    export("diabetes_lightgbm", LGBMRegressor(n_estimators=20, num_leaves=8, **lgbm), diabetes)
    export("diabetes_forest", RandomForestRegressor(n_estimators=20, max_depth=5, **seed), diabetes)
    export("diabetes_extra_trees",
           ExtraTreesRegressor(n_estimators=10, max_depth=5, **seed), diabetes)
    export("diabetes_tree", DecisionTreeRegressor(max_depth=6, **seed), diabetes)
    export("diabetes_boosting",
           GradientBoostingRegressor(n_estimators=30, max_depth=3, **seed), diabetes)
    export("diabetes_hist_boosting",
           HistGradientBoostingRegressor(max_iter=20, max_depth=4, **seed), diabetes)


if __name__ == "__main__":
    main()
