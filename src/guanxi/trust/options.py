"""Checks of the options that every trust algorithm takes, done once at the public border."""

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError

Vector = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]


def check_restart(restart: float) -> float:
    """Return ``restart`` as a float in (0, 1]."""
    if not 0 < restart <= 1:
        raise ParameterError(f"restart is {restart}, not in (0, 1]")
    return float(restart)


def check_account(name: str, index: int, n: int) -> int:
    """Return ``index`` as an int in ``range(n)``."""
    try:
        position = operator.index(index)
    except TypeError:
        raise ParameterError(f"{name} is {index!r}, not an index") from None
    if isinstance(index, bool) or not 0 <= position < n:
        raise ParameterError(f"{name} is {index!r}, not one of the {n} accounts of the graph")
    return position


def check_discount(discount: npt.ArrayLike | None, n: int) -> Vector | None:
    """Return ``discount`` as float64 in [0, 1], shape (n,); None stays None and means no discount."""
    if discount is None:
        return None
    values = _vector("discount", discount, n)
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ParameterError(f"discount of account {at} is {values[at]}, not in [0, 1]")
    return values


def check_pre_trust(pre_trust: npt.ArrayLike, n: int) -> Vector:
    """Return ``pre_trust`` as float64, shape (n,), scaled to sum to one; empty where ``n`` is 0."""
    return _distribution("pre_trust", pre_trust, n)


def check_start(start: npt.ArrayLike, n: int) -> Vector:
    """Return ``start`` as float64, shape (n,), scaled to sum to one; empty where ``n`` is 0."""
    return _distribution("start", start, n)


def _distribution(name: str, given: npt.ArrayLike, n: int) -> Vector:
    values = _vector(name, given, n)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ParameterError(f"{name} of account {at} is {values[at]}, not finite and at least zero")
    if n == 0:
        return values
    if not values.any():
        raise ParameterError(f"{name} is zero for every account; at least one must be greater")
    values = values / values.max()  # first by the largest: the sum of huge values would overflow
    return np.asarray(values / values.sum(), dtype=np.float64)


def _vector(name: str, values: npt.ArrayLike, n: int) -> Vector:
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ParameterError(f"{name} is not an array of numbers: {exc}") from exc
    if vector.shape != (n,):
        raise ParameterError(f"{name} has shape {vector.shape}, not ({n},)")
    return vector
