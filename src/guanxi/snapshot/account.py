"""One account's relations straight from its events, in the indices of a snapshot that may be older."""

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.events import event_keys
from guanxi.events.coded import NO_TIME
from guanxi.events.declared import declared
from guanxi.schema import Model, RelationType, load_model
from guanxi.snapshot.graph import NO_INDEX, Ids, Relation, Snapshot
from guanxi.snapshot.resolve import Edges, standing_facts, standing_states

_UNKNOWN = -1


def relations_of(
    snapshot: Snapshot, events: pa.Table, *, model: Model | None = None
) -> dict[tuple[str, str], Relation]:
    """Relations that all events of one account amount to, as relations with the single source 0.

    Accounts that the snapshot does not know are left out: nothing can be said about them before the next one. Other
    targets that it does not know get indices behind those that it does: an account owns them, and may have come to
    them through somebody.

    Parameters
    ----------
    snapshot : Snapshot
        Gives the indices.
    events : pyarrow.Table
        Every event of one source, old and new.
    """
    model = model or load_model()
    found: dict[tuple[str, str], Relation] = {}
    for code, kind_code in sorted(
        set(zip(events["relation"].to_pylist(), events["target_kind"].to_pylist(), strict=True))
    ):
        of_type = model.relation(model.relation_name(code))
        kind = model.kind_name(kind_code)
        if of_type.source != "account":
            continue
        mask = pc.and_(pc.equal(events["relation"], code), pc.equal(events["target_kind"], kind_code))
        found[of_type.name, kind] = _relation(snapshot, events.filter(mask), of_type, kind)
    return found


def _relation(snapshot: Snapshot, events: pa.Table, of_type: RelationType, kind: str) -> Relation:
    ids = snapshot.ids.get(kind, Ids(kind, pa.array([], pa.large_string())))
    edges = _edges(ids, events)
    known = edges.take(edges.target != _UNKNOWN)
    standing = standing_states(known) if of_type.form == "state" else standing_facts(known)
    n = len(standing.source)
    value = pc.fill_null(events["value"], float("nan")).to_numpy()[standing.row]
    via = _indices(snapshot.accounts, events["via"], missing=NO_INDEX).astype(np.uint32)[standing.row]
    return Relation(
        of_type.name,
        kind,
        np.array([0, n], dtype=np.int64),
        standing.target.astype(np.uint32),
        standing.time,
        value if np.isfinite(value).any() else None,
        via if (via != NO_INDEX).any() else None,
        {spec.name: declared(events["properties"], spec)[standing.row] for spec in of_type.properties},
    )


def _edges(ids: Ids, events: pa.Table) -> Edges:
    undoes = event_keys(events["retracts"])
    return Edges(
        source=np.zeros(len(events), dtype=np.int64),
        target=_indices(ids, events["target"], missing=_UNKNOWN if ids.kind == "account" else None),
        time=pc.fill_null(events["time"], NO_TIME).to_numpy(),
        retract=events["retract"].to_numpy(),
        key_hi=events["key_hi"].to_numpy(),
        key_lo=events["key_lo"].to_numpy(),
        undoes_hi=undoes[0],
        undoes_lo=undoes[1],
        names=events["retracts"].is_valid().to_numpy(),
        row=np.arange(len(events)),
    )


def _indices(ids: Ids, column: pa.ChunkedArray, *, missing: int | None) -> npt.NDArray[np.int64]:
    """Index of every id, or ``missing``; without that, unknown ids get the indices behind the known ones.

    They are so few that looking them up one by one beats hashing all ids.
    """
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    found = [ids.find(id_) for id_ in coded.dictionary.to_pylist()]
    stand_in = (itertools.count(len(ids)) if missing is None else itertools.repeat(missing)).__next__
    index: npt.NDArray[np.int64] = np.array([stand_in() if at is None else at for at in [*found, None]], dtype=np.int64)
    codes: npt.NDArray[np.int64] = index[pc.fill_null(coded.indices, len(found)).to_numpy(zero_copy_only=False)]
    return codes
