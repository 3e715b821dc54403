"""Solve for trust: sweeps in single precision make the way, exact steps in double precision say when it is reached.

An exact step tells by how much the state would still change. That change, and nothing else, is what the sweeps work on
(iterative refinement): they solve for the correction in single precision, which needs half the bandwidth, and their
rounding is an error of the correction only. So whatever the sweeps do, a result is returned after an exact step
changed it by at most ``tol``. Should a correction ever fail to halve the change, exact steps, which always come
closer, go on alone.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.iteration import converge
from guanxi.trust import sweeps
from guanxi.trust.extrapolation import extrapolate
from guanxi.trust.propagation import ONE_AT_A_TIME, Propagation, empty_sums, parts, send

Precision = Literal["mixed", "double"]
_DTYPES: dict[Precision, npt.DTypeLike] = {"mixed": np.float32, "double": np.float64}

N_SWEEPS = 4
"""Sweeps between two extrapolations."""

_PER_CORRECTION = 1e-5
"""How far one correction is taken at most: single precision stalls at about a millionth of it."""

_CLOSER = 2
"""An extrapolated state is so many times closer than its predicted move says, or more; where not, one more correction
follows."""

_PATIENCE = 3
"""Rounds without progress after which a correction is taken as it is."""


def settle(flow: Propagation, *, method: str, tol: float, max_iter: int, precision: Precision = "mixed") -> int:
    """Bring ``flow`` from its state to the solution; return how many sweeps and steps that took.

    Raises
    ------
    ParameterError
        If ``precision`` is not known.
    ConvergenceError
        If ``max_iter`` of them do not reach ``tol``.
    """
    if precision not in _DTYPES:
        raise ParameterError(f"precision is {precision!r}, not one of {', '.join(_DTYPES)}")
    corrector: Corrector | None = None
    moved = [np.inf]

    def step(left: int) -> tuple[float, int]:
        nonlocal corrector
        n_sweeps = 0
        halves = len(moved) < 3 or moved[-1] <= moved[-2] / 2
        if np.isfinite(moved[-1]) and halves and left > N_SWEEPS:
            corrector = corrector or Corrector.of(flow, _DTYPES[precision])
            n_sweeps = corrector.correct(moved[-1], tol, left - 1)
        moved.append(flow.step())
        return moved[-1], n_sweeps + 1

    return converge(step, method=method, tol=tol, max_iter=max_iter)


@dataclass(slots=True, eq=False)
class Corrector:
    """Sweeps for the correction of ``flow``, in their own precision.

    Attributes
    ----------
    accounts : tuple of numpy.ndarray
        What ``sweeps.sweep_round`` calls so; the last one is the change to correct for.
    seeds : numpy.ndarray, shape (n_slots,)
        As in ``flow``.
    states : numpy.ndarray, shape (N_SWEEPS + 1, n_slots)
        The correction, and after each sweep of a round.
    sent : numpy.ndarray, shape (n_slots,)
        What the accounts send.
    """

    flow: Propagation
    accounts: tuple[npt.NDArray[Any], ...]
    seeds: npt.NDArray[Any]
    states: npt.NDArray[Any]
    sent: npt.NDArray[Any]

    @classmethod
    def of(cls, flow: Propagation, dtype: npt.DTypeLike) -> Self:
        """Prepare for ``flow``."""
        given = (flow.share, flow.inverse, flow.kept)
        states = np.zeros((N_SWEEPS + 1, flow.slices.n_slots), dtype=dtype)
        base, sent = np.zeros_like(states[:2])
        accounts = (*(values.astype(dtype) for values in given), base)
        return cls(flow, accounts, flow.seeds.astype(dtype), states, sent)

    def correct(self, change: float, tol: float, max_sweeps: int) -> int:
        """Correct the state of ``flow``, which its last step changed by ``change``; return the number of sweeps.

        The correction starts with that step, so the state already holds its first part.
        """
        left = max(tol / change, np.finfo(np.float64).tiny)
        n_parts = max(1, np.ceil(np.log(left) / np.log(_PER_CORRECTION)))
        unit = 2.0 ** np.floor(np.log2(change))  # numbers near one, far from what single precision cannot hold
        aim = _CLOSER * change * left ** (1 / n_parts) / unit
        keeps = self._begin(unit)
        n_sweeps = self._sweep(keeps, aim, max_sweeps)
        self._finish(unit)
        return n_sweeps

    def _begin(self, unit: float) -> float:
        """Set out from the last step, in units; return how much of it is kept."""
        _, inverse, kept, base = self.accounts
        for part in parts(len(base)):
            np.divide(self.flow.change[part], unit, out=base[part], casting="same_kind")
            self.states[0, part] = base[part]
        return send(base, inverse, kept, self.sent)

    def _finish(self, unit: float) -> None:
        """Take the correction, less its first part, into the state, and bring that to a sum of one."""
        state, total = self.flow.trust, 0.0
        for part in parts(len(state)):
            state[part] += unit * self.states[0, part].astype(np.float64) - self.flow.change[part]
            np.maximum(state[part], 0, out=state[part])
            total += float(state[part].sum())
        for part in parts(len(state)):
            state[part] /= total

    def _sweep(self, keeps: float, aim: float, max_sweeps: int) -> int:
        """Sweep, a round at a time, until the correction would change by at most ``aim``."""
        _, inverse, kept, base = self.accounts
        row = self.flow.row.fields(base)
        moves, least, n_stalled, n_sweeps = np.inf, np.inf, 0, 0
        while moves > aim and n_sweeps + N_SWEEPS <= max_sweeps and n_stalled < _PATIENCE:
            self._round(row, keeps)
            moves, keeps = extrapolate(self.states, inverse, kept, self.sent)
            n_stalled = 0 if moves < least else n_stalled + 1
            least = min(least, moves)
            n_sweeps += N_SWEEPS
        base[row[1]] = row[2]
        return n_sweeps

    def _round(self, row: tuple[Any, ...], keeps: float) -> None:
        cells = self.flow.slices.cells()
        arguments = (self.accounts, self.seeds, row, keeps, self.sent, self.states, empty_sums(self.flow.slices))
        if self.flow.threaded:
            with ONE_AT_A_TIME:
                sweeps.sweep_round_in_parallel(cells, *arguments)
        else:
            sweeps.sweep_round(cells, *arguments)
