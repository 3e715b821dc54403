"""What the witnesses of one run amount to for every account, as arrays that can be kept: hearing them takes seconds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.authenticity import Subject
from guanxi.bundle import Bundle, write_bundle
from guanxi.engine.scoring import Run
from guanxi.errors import DamagedError
from guanxi.vetting import GRADES

_SUBJECTS = {"audience": Subject.AUDIENCE, "conduct": Subject.CONDUCT}
_NUMBERS = ("value", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class HeardOfAll:
    """Authenticity of every account of one run.

    Attributes
    ----------
    arrays : dict of numpy.ndarray, shape (n,)
        Value, interval and number of witnesses of audience and conduct; the largest sample behind a witness.
    """

    run: str
    arrays: dict[str, npt.NDArray[Any]]

    @classmethod
    def of(cls, run: Run) -> Self:
        """Hear the witnesses of a run."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, subject in _SUBJECTS.items():
            about = run.authenticity[subject]
            arrays |= {f"{name}.{number}": getattr(about, number) for number in (*_NUMBERS, "n_witnesses")}
        sample = np.zeros(run.snapshot.n_accounts, dtype=np.int64)
        for witness in run.witnesses:
            np.maximum(sample, np.where(np.isnan(witness.share), 0, witness.sample_size), out=sample)
        return cls(run.id, arrays | {"sample": sample})

    def about(self, index: int) -> dict[str, Any]:
        """What ``authenticity_of`` says of one account, without the single witnesses."""
        grade = next(grade for grade, least in GRADES if self.arrays["sample"][index] >= least)
        return {name: self._fused(name, index) for name in _SUBJECTS} | {"data_confidence": grade}

    def _fused(self, name: str, index: int) -> dict[str, Any]:
        numbers = {number: float(self.arrays[f"{name}.{number}"][index]) for number in _NUMBERS}
        unknown = np.isnan(numbers["value"])
        n_witnesses = int(self.arrays[f"{name}.n_witnesses"][index])
        return {key: None if unknown else number for key, number in numbers.items()} | {"n_witnesses": n_witnesses}

    def save(self, parent: Path) -> None:
        """Keep the arrays below ``parent``."""
        write_bundle(parent, meta={"holds": "heard", "run": self.run}, arrays=self.arrays)

    @classmethod
    def kept(cls, parent: Path, run: str) -> Self | None:
        """What is kept of a run below ``parent``; None where nothing usable is."""
        for folder in parent.glob("[!.]*"):
            try:
                bundle = Bundle.open(folder)
            except DamagedError:
                continue
            if bundle.meta.get("run") == run:
                names = [*(f"{subject}.{n}" for subject in _SUBJECTS for n in (*_NUMBERS, "n_witnesses")), "sample"]
                return cls(run, {name: bundle.array(name) for name in names})
        return None
