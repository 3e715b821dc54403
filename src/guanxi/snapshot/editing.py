"""A snapshot as it would be without some of its edges: in memory, beside the one that it was made from.

The date stays, and so do the accounts and items that lose everything: they are still there, with nothing said of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.events.coded import NO_TIME
from guanxi.graph import offsets_of
from guanxi.schema import load_model
from guanxi.snapshot.graph import NO_INDEX, Ids, Relation, Snapshot

Pairs = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


def _no_pairs() -> Pairs:
    return np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Edits:
    """What is taken away, and what is added.

    Attributes
    ----------
    accounts : numpy.ndarray of int
        Accounts that go with everything that they did and that was done to them; what others came to through them
        stays, without their name.
    relations : frozenset of str
        Relation types without which.
    ties : numpy.ndarray, shape (k, 2)
        Pairs (a, b): all that a did to b goes, and that a came to anything through b is forgotten.
    trusted : mapping of (a, b) to float
        Statements of trust that a makes about b, without a date, with their level; in place of one that stands.
    """

    accounts: npt.NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    relations: frozenset[str] = frozenset()
    ties: Pairs = field(default_factory=_no_pairs)
    trusted: Mapping[tuple[int, int], float] = field(default_factory=dict)


def edited(snapshot: Snapshot, edits: Edits) -> Snapshot:
    """The snapshot of the same events without some, and with some more.

    The same as from building a snapshot anew from the events that are left, at the same date and with every account
    and item that is not removed itself. Time and memory O(edges).
    """
    stays = np.ones(snapshot.n_accounts, dtype=np.bool_)
    stays[edits.accounts] = False
    place = np.append(np.cumsum(stays) - 1, NO_INDEX)
    place[:-1][~stays] = NO_INDEX
    left = {
        key: _left(relation, edits, stays, place.astype(np.uint32))
        for key, relation in snapshot.relations.items()
        if key[0] not in edits.relations
    }
    trusted = {(int(place[a]), int(place[b])): level for (a, b), level in edits.trusted.items()}
    if trusted:
        key, n = ("trust", "account"), int(stays.sum())
        left[key] = _with_trust(left.get(key) or _no_trust(n), trusted)
    ids = {**snapshot.ids, "account": Ids("account", snapshot.accounts.values.filter(pa.array(stays)))}
    order = [key for key in _keys() if key in left and len(left[key])]
    return Snapshot(f"{snapshot.id}-edited", snapshot.as_of, ids, {key: left[key] for key in order})


def _keys() -> list[tuple[str, str]]:
    """Every relation type and target kind, in the order in which snapshots have them."""
    return [(of.name, kind) for of in load_model().relations.values() for kind in of.targets]


def _left(relation: Relation, edits: Edits, stays: Marks, place: npt.NDArray[np.uint32]) -> Relation:
    """What is left of one relation, in the indices of the accounts that stay."""
    sources, of_accounts = relation.sources(), load_model().relations[relation.name].source == "account"
    targets, via = relation.targets, relation.via
    kept = np.ones(len(relation), dtype=np.bool_)
    if of_accounts:
        kept &= stays[sources]
    if relation.target_kind == "account":
        kept &= stays[targets]
        if of_accounts:
            kept &= ~_among(sources, targets, edits.ties)
        targets = place[targets]
    if via is not None:
        forgotten = _among(sources, via, edits.ties) if of_accounts else np.zeros(len(via), dtype=np.bool_)
        named = place[np.where(forgotten | (via == NO_INDEX), len(place) - 1, via)]
        via = named[kept] if (named[kept] != NO_INDEX).any() else None
    rows = place[sources] if of_accounts else sources
    n = int(stays.sum()) if of_accounts else len(relation.offsets) - 1
    return _picked(replace(relation, targets=targets, via=None), kept, offsets_of(rows[kept], n), via)


def _picked(
    relation: Relation, kept: Marks, offsets: npt.NDArray[np.int64], via: npt.NDArray[np.uint32] | None
) -> Relation:
    return replace(
        relation,
        offsets=offsets,
        targets=relation.targets[kept],
        times=relation.times[kept],
        values=None if relation.values is None else relation.values[kept],
        via=via,
        properties={name: column[kept] for name, column in relation.properties.items()},
    )


def _among(sources: npt.NDArray[np.uint32], targets: npt.NDArray[np.uint32], ties: Pairs) -> Marks:
    """Which edges have both ends of one of the pairs."""
    wanted = ties[:, 0].astype(np.uint64) << np.uint64(32) | ties[:, 1].astype(np.uint64)
    return np.isin(sources.astype(np.uint64) << np.uint64(32) | targets.astype(np.uint64), wanted)


def _no_trust(n: int) -> Relation:
    nothing = np.zeros(0, dtype=np.uint32)
    return Relation("trust", "account", np.zeros(n + 1, dtype=np.int64), nothing, nothing.astype(np.int64), None, None)


def _with_trust(trust: Relation, trusted: Mapping[tuple[int, int], float]) -> Relation:
    """The relation with statements in place of, or beside, those that stand."""
    pairs = np.array(list(trusted), dtype=np.int64)
    kept, n = ~_among(trust.sources(), trust.targets, pairs), len(trust.offsets) - 1
    sources = np.append(trust.sources()[kept], pairs[:, 0]).astype(np.uint32)
    targets = np.append(trust.targets[kept], pairs[:, 1]).astype(np.uint32)
    values = np.full(len(trust), np.nan) if trust.values is None else trust.values
    order = np.lexsort((targets, sources))
    return Relation(
        "trust",
        "account",
        offsets_of(sources, n),
        targets[order],
        np.append(trust.times[kept], np.full(len(pairs), NO_TIME))[order],
        np.append(values[kept], list(trusted.values()))[order],
        None,
    )
