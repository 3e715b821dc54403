"""From events to a saved snapshot."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.bundle import write_bundle
from guanxi.events import EVENT_SCHEMA, event_keys
from guanxi.graph import offsets_of
from guanxi.schema import EntityKind, Model, load_model
from guanxi.snapshot.graph import NO_INDEX, NO_TIME
from guanxi.snapshot.resolve import Edges, standing_facts, standing_states

Arrays = dict[str, npt.NDArray[np.generic]]


def build_snapshot(events: Iterable[pa.Table], parent: Path, *, model: Model | None = None) -> Path:
    """Build a snapshot from tables of events and save it below ``parent``; return its folder.

    Ids are sorted, so that an index does not depend on the order in which the events came.

    Parameters
    ----------
    events : iterable of pyarrow.Table
        Tables in ``EVENT_SCHEMA``. No two may have the same key and another body.
    """
    model = model or load_model()
    table = pa.concat_tables([EVENT_SCHEMA.empty_table(), *events])
    ids = {kind.name: _ids(table, kind, model) for kind in model.kinds.values()}
    arrays: Arrays = {}
    present: list[tuple[str, str]] = []
    for relation in model.relations.values():
        of_type = table.filter(pc.equal(table["relation"], relation.code))
        for kind in relation.targets:
            part = of_type.filter(pc.equal(of_type["target_kind"], model.kinds[kind].code))
            if not len(part):
                continue
            edges = _edges(part, ids[relation.source], ids[kind], ids["account"])
            standing = standing_states(edges) if relation.form == "state" else standing_facts(edges)
            if len(standing.source):
                present.append((relation.name, kind))
                arrays |= _arrays(f"{relation.name}.{kind}", standing, len(ids[relation.source]))
    kinds = [kind for kind, values in ids.items() if len(values) or kind == "account"]
    meta = {
        "holds": "snapshot",
        "model": model.version,
        "as_of": pc.max(table["time"]).as_py(),
        "kinds": kinds,
        "relations": present,
    }
    tables = {f"ids.{kind}": pa.table({"id": ids[kind]}) for kind in kinds}
    return write_bundle(parent, meta=meta, arrays=arrays, tables=tables)


def _ids(table: pa.Table, kind: EntityKind, model: Model) -> pa.Array:
    """Every id of one kind that an event mentions, sorted."""
    from_here = pa.array([r.code for r in model.relations.values() if r.source == kind.name], pa.int8())
    columns = [
        table["source"].filter(pc.is_in(table["relation"], from_here)),
        table["target"].filter(pc.equal(table["target_kind"], kind.code)),
    ]
    if kind.name == "account":
        columns.append(table["via"].drop_null())
    distinct = pc.unique(pa.chunked_array([pc.unique(column) for column in columns], pa.string()))
    return distinct.take(pc.sort_indices(distinct)).cast(pa.large_string())


def _edges(part: pa.Table, sources: pa.Array, targets: pa.Array, accounts: pa.Array) -> Edges:
    named = part["retracts"].is_valid().to_numpy()
    undoes = event_keys(part["retracts"]) if named.any() else (np.zeros(len(part), dtype=np.uint64),) * 2
    return Edges(
        source=_codes(part["source"], sources),
        target=_codes(part["target"], targets),
        time=pc.fill_null(part["time"], NO_TIME).to_numpy(),
        value=pc.fill_null(part["value"], float("nan")).to_numpy(),
        via=_codes(part["via"], accounts, missing=NO_INDEX).astype(np.uint32),
        retract=part["retract"].to_numpy(),
        key_hi=part["key_hi"].to_numpy(),
        key_lo=part["key_lo"].to_numpy(),
        undoes_hi=undoes[0],
        undoes_lo=undoes[1],
        names=named,
    )


def _codes(column: pa.ChunkedArray, ids: pa.Array, *, missing: int = 0) -> npt.NDArray[np.int64]:
    if column.null_count == len(column):
        return np.full(len(column), missing, dtype=np.int64)
    index = pc.index_in(column.cast(pa.large_string()), value_set=ids)
    codes: npt.NDArray[np.int64] = pc.fill_null(index.cast(pa.int64()), missing).to_numpy()
    return codes


def _arrays(name: str, edges: Edges, n_sources: int) -> Arrays:
    """Arrays of one relation; those that would say nothing are left out."""
    arrays: Arrays = {
        f"{name}.offsets": offsets_of(edges.source, n_sources),
        f"{name}.targets": edges.target.astype(np.uint32),
    }
    if (edges.time != NO_TIME).any():
        arrays[f"{name}.times"] = edges.time
    if np.isfinite(edges.value).any():
        arrays[f"{name}.values"] = edges.value
    if (edges.via != NO_INDEX).any():
        arrays[f"{name}.via"] = edges.via
    return arrays
