"""The highest of many scores."""

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError

MAX_LIMIT = 1000


def check_limit(limit: int) -> None:
    """Raise ParameterError unless an answer may have so many rows."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ParameterError(f"limit is {limit}, not in 1..{MAX_LIMIT}")


def best_of(scores: npt.NDArray[np.float64], *, limit: int) -> npt.NDArray[np.int64]:
    """Indices of the largest positive scores, in decreasing order; ties go to the lower index."""
    found = highest(scores, limit=limit)
    return found[np.argsort(-scores[found], kind="stable")]


def highest(scores: npt.NDArray[np.float64], *, limit: int) -> npt.NDArray[np.int64]:
    """The same indices as ``best_of``, in increasing order."""
    found = np.flatnonzero(scores > 0)
    if len(found) <= limit:
        return found
    among = scores[found]
    last = np.partition(among, len(found) - limit)[len(found) - limit]
    above, level = among > last, np.flatnonzero(among == last)
    above[level[: limit - int(above.sum())]] = True
    kept: npt.NDArray[np.int64] = found[above]
    return kept
