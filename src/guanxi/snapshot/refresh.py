"""A newer snapshot from an older one: only pairs of accounts with new events are worked out anew.

Everything that an event can change lies between its source and its target, so all other edges are copied. Indices grow
where new ids come between old ones; as ids are sorted, their order stays, and with it the order within every row.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb
from guanxi.events.coded import Coded
from guanxi.events.dictionary import NO_CODE, CodeArray, positions
from guanxi.schema import Model, load_model
from guanxi.snapshot.build import save_snapshot
from guanxi.snapshot.graph import Snapshot
from guanxi.snapshot.numbering import newest, numbered_among, parts_of, sorted_union
from guanxi.snapshot.splicing import PairArray, packed, pairs_of, spliced
from guanxi.snapshot.standing import Rows, all_standing

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FREE = np.uint64(np.iinfo(np.uint64).max)  # no pair: neither end is NO_CODE


def refresh_snapshot(
    old: Snapshot,
    earlier: Iterable[pa.Table | Coded],
    new: Iterable[pa.Table | Coded],
    parent: Path,
    *,
    model: Model | None = None,
) -> Path:
    """Build the snapshot of ``earlier`` and ``new`` events from that of the earlier ones; return its folder.

    The result has the same bytes as ``build_snapshot`` of all events gives.

    Parameters
    ----------
    old : Snapshot
        Of the earlier events.
    earlier, new : iterable of pyarrow.Table or Coded
        No event may be in both.

    Notes
    -----
    Time O(edges) for copying, O(earlier events) for finding those between the same two as a new one, and for these as
    for building.
    """
    model = model or load_model()
    new_parts = list(parts_of(new))
    parts = [*_between_same(parts_of(earlier), new_parts), *new_parts]
    known = {kind: ids.values for kind, ids in old.ids.items()}
    ids, numbered_parts, now_at = numbered_among(known, parts, model)
    fresh = all_standing(numbered_parts, {kind: len(values) for kind, values in ids.items()}, model)
    rows: dict[tuple[str, str], Rows] = {}
    for relation in model.relations.values():
        for kind in relation.targets:
            key, pairs = (relation.name, kind), pairs_of(numbered_parts, relation, kind, model)
            ends = now_at[relation.source], now_at[kind], now_at["account"]
            found = spliced(
                relation, old.relations.get(key), fresh.get(key), pairs, ends, n_sources=len(ids[relation.source])
            )
            if found is not None and len(found.targets):
                rows[key] = found
    times = [time for time in (old.as_of, newest(new_parts)) if time is not None]
    return save_snapshot(parent, ids=ids, rows=rows, as_of=max(times, default=None), model=model)


def _between_same(earlier: Iterable[Coded], new: Sequence[Coded]) -> Iterator[Coded]:
    """Earlier events with source and target of a new one."""
    names = sorted_union(part.ids for part in new)
    pairs = [np.zeros(0, dtype=np.uint64)]
    for part in new:
        codes = positions(part.ids, names).astype(np.uint32)
        pairs.append(packed(codes[part.source], codes[part.target]))
    slots = _table(np.unique(np.concatenate(pairs)))
    for part in earlier:
        rows = np.flatnonzero(_among(part.source, part.target, _codes(names, part.ids), slots))
        if len(rows):
            yield part.take(rows)


def _codes(names: pa.Array, ids: pa.Array) -> CodeArray:
    """Position among ``names`` of each id, both sorted; ``NO_CODE`` for others."""
    codes = np.full(len(ids), NO_CODE, dtype=np.uint32)
    at = positions(names, ids)
    there = np.flatnonzero(at >= 0)
    codes[at[there]] = there
    return codes


def _table(pairs: PairArray) -> PairArray:
    """A hash table of pairs, at most half full."""
    slots = np.full(1 << (2 * len(pairs)).bit_length(), _FREE)
    _enter(pairs, slots)
    return slots


@nb.njit(cache=True, nogil=True)
def _enter(pairs: PairArray, slots: PairArray) -> None:
    mask = np.uint64(len(slots) - 1)
    for pair in pairs:
        at = pair * _PRIME >> np.uint64(32) & mask
        while slots[at] != _FREE:
            at = (at + np.uint64(1)) & mask
        slots[at] = pair


@nb.njit(cache=True, nogil=True)
def _among(source: CodeArray, target: CodeArray, codes: CodeArray, slots: PairArray) -> npt.NDArray[np.bool_]:
    """Whether the pair of each event is in the table."""
    mask = np.uint64(len(slots) - 1)
    found = np.zeros(len(source), dtype=np.bool_)
    for i in range(len(source)):
        ends = codes[source[i]], codes[target[i]]
        if ends[0] == NO_CODE or ends[1] == NO_CODE:
            continue
        pair = np.uint64(ends[0]) << np.uint64(32) | np.uint64(ends[1])
        at = pair * _PRIME >> np.uint64(32) & mask
        while slots[at] != _FREE and slots[at] != pair:
            at = (at + np.uint64(1)) & mask
        found[i] = slots[at] == pair
    return found
