"""What a counterfactual changes: as somebody names it, and as a snapshot is edited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from guanxi.engine.options import Strategy
from guanxi.engine.scoring import Run
from guanxi.errors import FieldError
from guanxi.graph.communities import communities
from guanxi.schema import ValueSpec, load_model
from guanxi.snapshot import Edits, Snapshot

MOST_CHANGES = 1000
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Changes:
    """What would be different.

    Attributes
    ----------
    accounts : tuple of str
        Accounts that would not exist.
    communities : tuple of int
        Communities, by number, none of whose accounts would exist.
    communities_of : tuple of str
        Accounts; none of each one's community would exist.
    relations : tuple of str
        Relation types of which no event would have happened.
    edges : tuple of (str, str)
        Pairs of accounts; nothing that the first did would speak for the second.
    added : tuple of (str, str, float)
        Statements of trust: who makes it, about whom, at what level.
    """

    accounts: tuple[str, ...] = ()
    communities: tuple[int, ...] = ()
    communities_of: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str, float], ...] = ()

    def check(self) -> None:
        """Refuse what is empty, too much, or no change of any graph.

        Raises
        ------
        FieldError
            That names the field.
        """
        n = sum(len(getattr(self, name)) for name in self.__slots__)
        if not 1 <= n <= MOST_CHANGES:
            what = f"{n} changes are asked for, not 1 to {MOST_CHANGES}"
            raise FieldError(f"{what}: accounts, communities, relations or edges to remove, or edges to add", "remove")
        for name in self.relations:
            if name not in load_model().relations:
                known = ", ".join(load_model().relations)
                raise FieldError(f"relation type {name!r} is not one of {known}", "remove", "relations")
        for a, b, *_ in (*self.edges, *self.added):
            if a == b:
                raise FieldError(f"the edge from {a!r} to itself is none", "remove", "edges")
        self._check_levels()

    def _check_levels(self) -> None:
        spec = load_model().relation("trust").value or ValueSpec("level")
        for a, b, level in self.added:
            if not spec.minimum <= level <= spec.maximum:
                span = f"{spec.minimum:g}..{spec.maximum:g}"
                raise FieldError(f"the level of trust from {a!r} to {b!r} is {level}, not in {span}", "add", "edges")


def edits_of(changes: Changes, run: Run) -> Edits:
    """The changes in the indices of a run's snapshot.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know an account.
    FieldError
        If a community has no such number, nobody would be left, or an edge is added to who would not exist.
    """
    changes.check()
    accounts = run.snapshot.accounts
    removed = np.zeros(len(accounts), dtype=np.bool_)
    removed[[accounts.index(id_) for id_ in changes.accounts]] = True
    removed |= _members(changes, run)
    if removed.all():
        raise FieldError("every account is removed; nothing would be left to compare", "remove")
    trusted = {(accounts.index(a), accounts.index(b)): level for a, b, level in changes.added}
    for a in {end for pair in trusted for end in pair}:
        if removed[a]:
            raise FieldError(f"an edge is added at {accounts[a]!r}, which is removed", "add", "edges")
    ties = [(accounts.index(a), accounts.index(b)) for a, b in changes.edges]
    return Edits(
        np.flatnonzero(removed), frozenset(changes.relations), np.array(ties, dtype=np.int64).reshape(-1, 2), trusted
    )


def _members(changes: Changes, run: Run) -> Marks:
    """Accounts of the communities that are removed."""
    if not (changes.communities or changes.communities_of):
        return np.zeros(run.snapshot.n_accounts, dtype=np.bool_)
    labels = communities(run.graph)
    last = int(labels.max()) if len(labels) else -1
    for number in changes.communities:
        if not 0 <= number <= last:
            raise FieldError(f"there is no community {number}; they are 0 to {last}", "remove", "communities")
    named = [labels[run.snapshot.accounts.index(id_)] for id_ in changes.communities_of]
    return np.isin(labels, np.array([*changes.communities, *named], dtype=np.int64))


def strategy_without(strategy: Strategy, removed: Iterable[str]) -> Strategy:
    """The strategy without seeds that are removed.

    Raises
    ------
    FieldError
        If it would lose all its seeds: trust would start elsewhere, and nothing could be compared.
    """
    gone = set(removed)
    left = tuple(seed for seed in strategy.seeds if seed not in gone)
    if strategy.seeds and not left:
        raise FieldError(f"every seed of {strategy.label} is removed; trust would start nowhere", "remove", "accounts")
    return replace(strategy, seeds=left)


def ids_of(snapshot: Snapshot, indices: Sequence[int] | npt.NDArray[np.integer]) -> list[str]:
    """Ids of some accounts."""
    return [snapshot.accounts[int(index)] for index in indices]
