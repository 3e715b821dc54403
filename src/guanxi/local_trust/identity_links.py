"""Which identity links count: what somebody states about two accounts, judged by proof, confidence, date and bound.

A link that one side declares counts for nothing. It takes a proof that the strategy accepts, or the word of both sides.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.errors import ParameterError
from guanxi.local_trust.weights import FloatArray, TimeArray
from guanxi.schema import load_model
from guanxi.snapshot import NO_TIME, Relation, Snapshot

IndexArray = npt.NDArray[np.uint32]
BoolArray = npt.NDArray[np.bool_]

MUTUAL = "mutual"
"""Stands among the accepted proofs for a link that both accounts state, whatever proof either names."""

LARGEST_IDENTITY = 100
_NEVER = np.iinfo(np.int64).max
_HALF = np.uint64(32)


def proof_words() -> dict[str, int]:
    """Proofs that a link may name, with their numbers."""
    [proof] = (spec for spec in load_model().relation("identity_link").properties if spec.name == "proof")
    return dict(proof.words)


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """Which links merge accounts.

    Attributes
    ----------
    proofs : tuple of str
        Proofs that are accepted; ``mutual`` for links that both accounts state.
    confidence : float
        Least confidence of a link, in (0, 1].
    most_accounts : int
        How many accounts one identity has at most, in 2..100.

    Raises
    ------
    ParameterError
        If a value is out of range; the message begins with the name of the field.
    """

    proofs: tuple[str, ...] = ("domain", MUTUAL, "oauth", "signature", "staff")
    confidence: float = 0.8
    most_accounts: int = 5

    def __post_init__(self) -> None:
        """Check the values, and bring the proofs into one order."""
        known = [word for word in (*proof_words(), MUTUAL) if word != "self"]
        unknown = sorted(set(self.proofs) - set(known))
        if unknown or not self.proofs:
            shown = repr(unknown[0]) if unknown else "nothing"
            raise ParameterError(f"proofs hold {shown}, not one or more of {', '.join(known)}")
        if not 0 < self.confidence <= 1:
            raise ParameterError(f"confidence is {self.confidence}, not in (0, 1]")
        if not 2 <= self.most_accounts <= LARGEST_IDENTITY:
            raise ParameterError(f"most_accounts is {self.most_accounts}, not in 2..{LARGEST_IDENTITY}")
        object.__setattr__(self, "proofs", tuple(sorted(set(self.proofs))))


class Verdict(IntEnum):
    """What became of the links between two accounts; everything but the first is left out."""

    LINKED = 0
    UNPROVEN = 1
    """Neither an accepted proof nor the word of both."""
    UNSURE = 2
    """Proven, but with less confidence than is asked for."""
    EXPIRED = 3
    BLOCKED = 4
    """One of the two blocks the other: whoever is linked against their will can say so."""
    FULL = 5
    """The identity has as many accounts as it may; stronger and older links came first."""


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Every pair of accounts that somebody says is one, shape (k,) each, in the order of the pairs.

    Attributes
    ----------
    first, second : numpy.ndarray of uint32
        Indices; the first is below the second.
    verdict : numpy.ndarray of int8
        Values of ``Verdict``.
    proof : numpy.ndarray of uint8
        Number of the word of a proof, an accepted one if there is any; 0 where none is named.
    mutual : numpy.ndarray of bool
        Whether both accounts state it.
    confidence : numpy.ndarray of float64
        Of what verifies the link, else of the best statement.
    since, expires : numpy.ndarray of int64
        Time of the first statement, and until when the link holds; ``NO_TIME`` where unknown, or for ever.
    """

    first: IndexArray
    second: IndexArray
    verdict: npt.NDArray[np.int8]
    proof: npt.NDArray[np.uint8]
    mutual: BoolArray
    confidence: FloatArray
    since: TimeArray
    expires: TimeArray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def linked(self) -> BoolArray:
        """Which of them merge their accounts."""
        return np.asarray(self.verdict == Verdict.LINKED)

    @classmethod
    def of(cls, snapshot: Snapshot, options: IdentityOptions, *, as_of: int | None = None) -> "Links":
        """Judge the links of a snapshot, at its own date unless another is given.

        Without any date nothing expires. Time O(k log k) for k links.
        """
        relation, date = snapshot.relation("identity_link", "account"), as_of if as_of is not None else snapshot.as_of
        judged = _judged(_Statements.of(relation, options, date), options)
        judged = replace(judged, verdict=_with_blocks(judged, snapshot.relation("block", "account")))
        return replace(judged, verdict=_bounded(judged, snapshot.n_accounts, options.most_accounts))


@dataclass(frozen=True, slots=True, eq=False)
class _Statements:
    """Links as one side states them, and which of the pairs each is about."""

    pairs: npt.NDArray[np.uint64]
    pair: npt.NDArray[np.int64]
    confidence: FloatArray
    proof: npt.NDArray[np.uint8]
    times: TimeArray
    expires: TimeArray
    proven: BoolArray
    sure: BoolArray
    live: BoolArray

    @classmethod
    def of(cls, relation: Relation, options: IdentityOptions, as_of: int | None) -> "_Statements":
        source, target, m = relation.sources(), relation.targets, len(relation)
        low, high = np.minimum(source, target), np.maximum(source, target)
        pairs, pair = np.unique(low.astype(np.uint64) << _HALF | high.astype(np.uint64), return_inverse=True)
        value = np.ones(m) if relation.values is None else np.where(np.isnan(relation.values), 1.0, relation.values)
        proof = relation.properties.get("proof", np.zeros(m, dtype=np.uint8))
        expires = relation.properties.get("expires", np.full(m, NO_TIME))
        words = proof_words()
        accepted = [words[word] for word in options.proofs if word in words]
        live = (expires == NO_TIME) | (True if as_of is None else expires > as_of)
        ends = np.where(expires == NO_TIME, _NEVER, expires)
        sure = value >= options.confidence
        return cls(pairs, pair, value, proof, relation.times, ends, np.isin(proof, accepted), sure, live)

    def best(self, rows: BoolArray, values: npt.NDArray[Any], least: float) -> npt.NDArray[Any]:
        """Largest of some statements' values for each pair; ``least`` where there is none."""
        found = np.full(len(self.pairs), least, dtype=values.dtype)
        np.maximum.at(found, self.pair[rows], values[rows])
        return found

    def both(self, rows: BoolArray) -> BoolArray:
        """Whether both sides of each pair are among some statements; a side states a link once."""
        return np.asarray(np.bincount(self.pair[rows], minlength=len(self.pairs)) == 2)

    def verified(self, rows: BoolArray, *, mutual: bool) -> BoolArray:
        """Which pairs some statements would verify."""
        by_proof = np.zeros(len(self.pairs), dtype=bool)
        by_proof[self.pair[rows & self.proven]] = True
        return by_proof | self.both(rows) if mutual else by_proof


def _judged(said: _Statements, options: IdentityOptions) -> Links:
    """Verdicts by proof, confidence and date."""
    mutual = MUTUAL in options.proofs
    verdict = np.full(len(said.pairs), Verdict.UNPROVEN, dtype=np.int8)
    every = np.ones(len(said.pair), dtype=bool)
    for rows, reason in (
        (every, Verdict.EXPIRED),
        (said.live, Verdict.UNSURE),
        (said.sure, Verdict.EXPIRED),
        (said.sure & said.live, Verdict.LINKED),
    ):
        verdict[said.verified(rows, mutual=mutual)] = reason
    good = said.sure & said.live
    confidence, expires = _held(said, good, mutual=mutual)
    linked = verdict == Verdict.LINKED
    known = np.where(said.times == NO_TIME, _NEVER, said.times)
    since = -said.best(every, -known, -_NEVER)
    proof = said.best(np.where(linked[said.pair], good & said.proven, said.proven), said.proof, 0)
    return Links(
        (said.pairs >> _HALF).astype(np.uint32),
        said.pairs.astype(np.uint32),
        verdict,
        np.where(proof > 0, proof, said.best(every, said.proof, 0)),
        said.both(every),
        np.where(linked, confidence, said.best(every, said.confidence, 0.0)),
        _or_no_time(since),
        _or_no_time(np.where(linked, expires, said.best(every, said.expires, 0))),
    )


def _held(said: _Statements, good: BoolArray, *, mutual: bool) -> tuple[FloatArray, TimeArray]:
    """Confidence and end of each verified pair: the best of its proofs, or what the weaker of both sides gives."""
    proven = good & said.proven
    confidence, expires = said.best(proven, said.confidence, 0.0), said.best(proven, said.expires, 0)
    if mutual:
        both = said.both(good)
        weaker, sooner = -said.best(good, -said.confidence, -1.0), -said.best(good, -said.expires, -_NEVER)
        confidence = np.where(both, np.maximum(confidence, weaker), confidence)
        expires = np.where(both, np.maximum(expires, sooner), expires)
    return confidence, expires


def _or_no_time(times: npt.NDArray[Any]) -> TimeArray:
    return np.where(times == _NEVER, NO_TIME, times).astype(np.int64)


def _with_blocks(links: Links, block: Relation) -> npt.NDArray[np.int8]:
    """Verdicts, where a block between the two speaks against a link."""
    source, target = block.sources().astype(np.uint64), block.targets.astype(np.uint64)
    blocked = np.minimum(source, target) << _HALF | np.maximum(source, target)
    pairs = links.first.astype(np.uint64) << _HALF | links.second.astype(np.uint64)
    return np.where(links.linked & np.isin(pairs, blocked), np.int8(Verdict.BLOCKED), links.verdict)


def _bounded(links: Links, n: int, most: int) -> npt.NDArray[np.int8]:
    """Verdicts, where an identity would have more accounts than it may; the most confident links first, then old."""
    rows = np.flatnonzero(links.linked)
    since = np.where(links.since == NO_TIME, _NEVER, links.since)
    order = rows[np.lexsort((rows, since[rows], -links.confidence[rows]))]
    verdict = links.verdict.copy()
    parent, size = np.arange(n), np.ones(n, dtype=np.int64)
    _join(links.first[order].astype(np.int64), links.second[order].astype(np.int64), parent, size, most, order, verdict)
    return verdict


@nb.njit(cache=True, nogil=True)
def _join(first, second, parent, size, most, order, verdict):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Join accounts link by link; a link that would join too many is marked."""
    for i in range(len(first)):
        one, other = first[i], second[i]
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        while parent[other] != other:
            parent[other] = parent[parent[other]]
            other = parent[other]
        if one == other:
            continue
        if size[one] + size[other] > most:
            verdict[order[i]] = 5  # Verdict.FULL
            continue
        parent[max(one, other)] = min(one, other)
        size[min(one, other)] += size[max(one, other)]
