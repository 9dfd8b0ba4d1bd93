"""From a fitted estimator to an encrypted prediction, on this machine or on a chain.

	model = fhe_ml.compile(estimator, X_train)
	keys = fhe_ml.Keys.generate()
	model.predict(X, keys=keys)                              # encrypted, on this machine
	chain = fhe_ml.connect("ws://127.0.0.1:9944")
	chain.models[0].predict(X, keys=keys, account="//Bob")   # encrypted, by workers of a chain
"""

from . import errors
from ._card import Card
from ._chain import Chain, ChainModel, Quote, connect, connect_async
from ._keys import Keys
from ._model import Model, compile, load
from ._native import __version__
from ._predictions import Predictions
from .errors import (
	ChainError,
	FheMlError,
	InputError,
	InterruptedRun,
	KeyFileError,
	ModelError,
	NotConvertible,
	PriceError,
	WrongResultError,
)

__all__ = [
	"Card",
	"Chain",
	"ChainError",
	"ChainModel",
	"FheMlError",
	"InputError",
	"InterruptedRun",
	"KeyFileError",
	"Keys",
	"Model",
	"ModelError",
	"NotConvertible",
	"Predictions",
	"PriceError",
	"Quote",
	"WrongResultError",
	"__version__",
	"compile",
	"connect",
	"connect_async",
	"errors",
	"load",
]
