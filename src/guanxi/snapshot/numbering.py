"""Indices for ids: each kind's ids in one order, whichever part of the events they come from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb
from guanxi.events.coded import NO_TIME, Coded, Coding
from guanxi.events.dictionary import NO_CODE, CodeArray, Dictionary, n_below, positions, sort_order
from guanxi.schema import Model

PART_EVENTS = 4_000_000
"""Tables are put together to about so many events."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some of the events, and the index of each of their ids by kind.

    Attributes
    ----------
    events : Coded
    indices : mapping of kind to numpy.ndarray, shape (len(events.ids),)
        ``NO_CODE`` for ids that are not of that kind; empty where none is.
    first : int
        Number of the first event over all parts.
    """

    events: Coded
    indices: Mapping[str, CodeArray]
    first: int


def parts_of(events: Iterable[pa.Table | Coded]) -> Iterator[Coded]:
    """Code tables; what is coded stays as it is."""
    coding = Coding()
    for some in events:
        if isinstance(some, Coded):
            yield some
            continue
        coding.add(some)
        if coding.n_events >= PART_EVENTS:
            yield coding.finish()
            coding = Coding()
    if coding.n_events:
        yield coding.finish()


def numbered(events: Sequence[Coded], model: Model) -> tuple[dict[str, pa.Array], list[Part]]:
    """Number the ids of every kind in their order.

    Returns
    -------
    ids : dict of kind to pyarrow.Array
        Every id that is mentioned as one of that kind, sorted.
    parts : list of Part
    """
    used = [_used(some, model) for some in events]
    ids: dict[str, pa.Array] = {}
    indices: list[dict[str, CodeArray]] = [{} for _ in events]
    for kind in model.kinds.values():
        ids[kind.name], found = _merged([some.ids for some in events], [mask[kind.code] for mask in used])
        for index, codes in zip(indices, found, strict=True):
            index[kind.name] = codes
    return ids, _parts(events, indices)


def numbered_among(
    known: Mapping[str, pa.Array], events: Sequence[Coded], model: Model
) -> tuple[dict[str, pa.Array], list[Part], dict[str, CodeArray]]:
    """Number the ids of few events among many that are sorted already.

    Parameters
    ----------
    known : mapping of kind to pyarrow.Array
        Ids that count as well, whether or not an event here mentions them.
    events : sequence of Coded
    model : Model

    Returns
    -------
    ids : dict of kind to pyarrow.Array
        Known ids and those that are mentioned as one of that kind, sorted.
    parts : list of Part
    now_at : dict of kind to numpy.ndarray
        Index of every known id.
    """
    used = [_used(some, model) for some in events]
    ids: dict[str, pa.Array] = {}
    indices: list[dict[str, CodeArray]] = [{} for _ in events]
    now_at: dict[str, CodeArray] = {}
    for kind in model.kinds.values():
        masks = [mask[kind.code] for mask in used]
        mentioned = [some.ids.filter(pa.array(mask)) for some, mask in zip(events, masks, strict=True)]
        old = known.get(kind.name, pa.array([], pa.large_string()))
        ids[kind.name], now_at[kind.name] = _with_new(old, mentioned)
        for index, mask, texts in zip(indices, masks, mentioned, strict=True):
            index[kind.name] = np.full(len(mask), NO_CODE, dtype=np.uint32)
            index[kind.name][mask] = positions(texts, ids[kind.name])
    return ids, _parts(events, indices), now_at


def _parts(events: Sequence[Coded], indices: Sequence[Mapping[str, CodeArray]]) -> list[Part]:
    first = np.cumsum([0, *map(len, events)])
    return [Part(*given) for given in zip(events, indices, first[:-1].tolist(), strict=True)]


def newest(events: Sequence[Coded]) -> int | None:
    """The latest time of all events; None where none is dated."""
    latest = max((int(some.time.max()) for some in events if len(some)), default=NO_TIME)
    return None if latest == NO_TIME else latest


def _merged(ids: Sequence[pa.Array], masks: Sequence[npt.NDArray[np.bool_]]) -> tuple[pa.Array, list[CodeArray]]:
    """Ids that are marked, sorted, each once; the index of those of each column."""
    dictionary = Dictionary()
    found = []
    for column, mask in zip(ids, masks, strict=True):
        if not mask.any():  # nobody will ask
            found.append(np.zeros(0, dtype=np.uint32))
            continue
        codes = np.full(len(mask), NO_CODE, dtype=np.uint32)
        codes[mask] = dictionary.codes(column if mask.all() else column.filter(pa.array(mask)))
        found.append(codes)
    values = dictionary.values()
    order = sort_order(values)
    rank = np.empty(len(order) + 1, dtype=np.uint32)
    rank[order], rank[-1] = np.arange(len(order), dtype=np.uint32), NO_CODE
    return values.take(pa.array(order)), [rank[np.minimum(codes, np.uint32(len(order)))] for codes in found]


def _with_new(old: pa.Array, mentioned: Sequence[pa.Array]) -> tuple[pa.Array, CodeArray]:
    """Old ids and what is mentioned beside them, sorted, each once; the index of every old id."""
    new = sorted_union(texts.filter(pa.array(positions(texts, old) < 0)) for texts in mentioned)
    if not len(new):
        return old, np.arange(len(old), dtype=np.uint32)
    before = n_below(new, old)
    now_at = np.arange(len(old)) + np.cumsum(np.bincount(before, minlength=len(old) + 1)[: len(old)])
    order = np.empty(len(old) + len(new), dtype=np.int64)
    order[now_at] = np.arange(len(old))
    order[before + np.arange(len(new))] = np.arange(len(old), len(order))
    return pa.concat_arrays([old, new]).take(pa.array(order)), now_at.astype(np.uint32)


def sorted_union(columns: Iterable[pa.Array]) -> pa.Array:
    """Every text of some columns once, sorted."""
    dictionary = Dictionary()
    for column in columns:
        dictionary.codes(column)
    texts = dictionary.values()
    return texts.take(pa.array(sort_order(texts)))


def _used(events: Coded, model: Model) -> npt.NDArray[np.bool_]:
    """Which ids are used as which kind, shape (largest code + 1, number of ids)."""
    source_kind = np.zeros(128, dtype=np.int64)
    for relation in model.relations.values():
        source_kind[relation.code] = model.kinds[relation.source].code
    n_kinds = max(kind.code for kind in model.kinds.values()) + 1
    used = np.zeros((n_kinds, len(events.ids)), dtype=np.bool_)
    _mark(used, source_kind[events.relation], events.source)
    _mark(used, events.target_kind, events.target)
    if events.via is not None:
        named = np.flatnonzero(events.via != NO_CODE)
        used[model.kinds["account"].code, events.via[named]] = True
    return used


@nb.njit(cache=True, nogil=True)
def _mark(used: npt.NDArray[np.bool_], kinds: npt.NDArray[Any], codes: CodeArray) -> None:
    for i in range(len(codes)):
        used[kinds[i], codes[i]] = True
