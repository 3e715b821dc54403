"""Mixing the parts of a score: each is scaled to sum to one over the candidates, then weighted."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from guanxi.recommend.explanation import PartName
from guanxi.recommend.interactions import FloatArray


def mixed(
    parts: Mapping[PartName, FloatArray], weights: Mapping[PartName, float], *, excluded: npt.NDArray[np.integer]
) -> tuple[FloatArray, dict[PartName, float]]:
    """Weighted sum of parts, 0 where excluded, and the scale by which each part's raw amounts enter it.

    The weight of a part that is empty goes to the others, in proportion; where none of the others has a weight, they
    share alike.
    """
    open_ = np.ones(len(parts["prior"]))
    open_[excluded] = 0.0
    totals = {name: float((part * open_).sum()) for name, part in parts.items()}
    live = {name: weights[name] for name, total in totals.items() if total > 0}
    together = sum(live.values())
    if together == 0:  # a gate at exactly 0 or 1 may leave only parts without weight
        live, together = dict.fromkeys(live, 1.0), float(len(live))
    scale = {name: live[name] / together / totals[name] if name in live else 0.0 for name in parts}
    scores = sum((parts[name] * scale[name] for name in parts), start=np.zeros(len(open_)))
    return scores * open_, scale
