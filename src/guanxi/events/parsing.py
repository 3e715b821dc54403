"""Raw columns to checked events: every record is accepted, or refused with its field and reason."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.errors import DataError
from guanxi.events.checked import Checked, Reject
from guanxi.events.declared import check_declared
from guanxi.events.plain import plain_column
from guanxi.events.properties import canonical_object
from guanxi.events.record import DERIVED_PREFIX, EVENT_SCHEMA, FIELDS, event_ids, with_keys
from guanxi.events.scanning import look
from guanxi.events.values import DAY_US, EARLIEST, BoolArray, as_mask, microseconds, numbers, times, trimmed
from guanxi.schema import Model, RelationType, load_model

MAX_ID_BYTES = 256
MAX_PROPERTIES_BYTES = 16_384
_CONTROL = r"[\x00-\x1f\x7f]"
NOT_UTF8 = "is not UTF-8 text; if the file has another encoding, name it with --encoding"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a batch of raw records.

    Attributes
    ----------
    events : pyarrow.Table
        Accepted events, in ``EVENT_SCHEMA``.
    rows : numpy.ndarray
        Position of each accepted event in the raw batch.
    rejects : list of Reject
        The others, with their positions.
    """

    events: pa.Table
    rows: npt.NDArray[np.int64]
    rejects: list[Reject]


def parse_events(
    raw: Mapping[str, pa.Array], *, now_us: int, time_format: str | None = None, model: Model | None = None
) -> Parsed:
    """Check raw columns and make events of the records that pass.

    Parameters
    ----------
    raw : mapping of field name to pyarrow.Array
        Columns of equal length, named as in ``FIELDS``; ``relation``, ``source`` and ``target`` must be there.
        Text columns may be strings or bytes, plain or dictionary-encoded.
    now_us : int
        The present, in microseconds since 1970; a time more than a day later is refused.
    time_format : str, optional
        How times are written, as in ``strptime``; ISO 8601 and epochs are understood without it.
    model : Model, optional
        The model of the graph; the shipped one unless given.

    Raises
    ------
    DataError
        If a required column is missing, a column has a type that holds no text, number or time, or the lengths differ.

    Examples
    --------
    >>> raw = {"relation": pa.array(["follow", "follow"]), "source": pa.array(["ann", "bob"]),
    ...        "target": pa.array(["bob", "bob"])}
    >>> parsed = parse_events(raw, now_us=1_800_000_000_000_000)
    >>> parsed.events["target"].to_pylist(), parsed.rejects[0].reason
    (['bob'], 'is the account itself, which cannot follow itself')
    """
    model = model or load_model()
    raw = _plain(raw)
    n = len(raw["source"])
    checked = Checked(n, raw)
    text = {name: _text(checked, raw, name) for name in FIELDS if name not in ("time", "value", "target_kind")}
    for name in ("source", "target"):
        checked.refuse(as_mask(text[name].is_null()), name, "is empty")
    relation, retract = _relations(checked, text["relation"], model)
    target_kind = _target_kinds(checked, raw, relation, model)
    time = _times(checked, raw, now_us, time_format)
    value = _values(checked, raw, relation, model)
    _self_relations(checked, text, relation, target_kind, model)
    _via(checked, text["via"], relation, model)
    facts = np.isin(relation, [r.code for r in model.relations.values() if r.form == "fact"])
    checked.refuse(
        as_mask(text["retracts"].is_valid()) & ~(retract & facts),
        "retracts",
        "only a refund or the like takes back an event",
    )
    body = {"relation": relation, "retract": retract, "target_kind": target_kind, "time": time, "value": value}
    body |= {name: text[name] for name in ("id", "source", "target", "via", "retracts")}
    body["properties"] = _properties(checked, text["properties"])
    check_declared(checked, body, model)
    return _accepted(checked, body)


def _plain(raw: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    missing = [name for name in ("relation", "source", "target") if name not in raw]
    if missing:
        raise DataError(f"no column for {', '.join(missing)}; columns given: {', '.join(raw)}")
    lengths = {name: len(column) for name, column in raw.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns differ in length: {lengths}")
    return {name: plain_column(name, column) for name, column in raw.items()}


def _accepted(checked: Checked, body: dict[str, pa.Array | npt.NDArray[np.generic]]) -> Parsed:
    rows = np.flatnonzero(~checked.bad)
    columns = {name: pa.array(column) for name, column in body.items()}
    if len(rows) < checked.n:
        columns = {name: column.take(pa.array(rows)) for name, column in columns.items()}
    kept = {name: column.cast(EVENT_SCHEMA.field(name).type) for name, column in columns.items()}
    bare = pa.table([kept[name] for name in EVENT_SCHEMA.names[:11]], names=EVENT_SCHEMA.names[:11])
    events = with_keys(bare)
    foreign = _foreign_derived_ids(events)
    if foreign.any():
        flags = np.zeros(checked.n, dtype=bool)
        flags[rows[foreign]] = True
        checked.refuse(flags, "id", f"ids that begin with {DERIVED_PREFIX!r} belong to another body")
        events, rows = events.filter(pa.array(~foreign)), rows[~foreign]
    return Parsed(events, rows, checked.rejects)


def _foreign_derived_ids(events: pa.Table) -> BoolArray:
    """Where an id looks derived but is not the one that the body gives: nobody may reserve another event's id."""
    claimed = as_mask(pc.starts_with(events["id"], DERIVED_PREFIX))
    if not claimed.any():
        return claimed
    without = events.set_column(0, EVENT_SCHEMA.field("id"), pa.nulls(len(events), pa.string()))
    derived = event_ids(with_keys(without))
    differs = [id_ != derived_id for id_, derived_id in zip(events["id"].to_pylist(), derived, strict=True)]
    foreign: BoolArray = claimed & np.array(differs, dtype=bool)
    return foreign


def _text(checked: Checked, raw: Mapping[str, pa.Array], name: str) -> pa.Array:
    """A text field: valid UTF-8, no control characters, not too long, trimmed; null when empty."""
    if name not in raw:
        return pa.nulls(checked.n, pa.string())
    column = raw[name]
    if pa.types.is_boolean(column.type) or pa.types.is_floating(column.type):
        checked.refuse(as_mask(column.is_valid()), name, f"is {column.type}, not text")
        return pa.nulls(checked.n, pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = _decoded(checked, column, name)
    column = column.cast(pa.string())
    found = look(column)
    if found.empty or found.edges:
        column = trimmed(column)
    limit = MAX_PROPERTIES_BYTES if name == "properties" else MAX_ID_BYTES
    if found.longest > limit:
        checked.refuse(as_mask(pc.greater(pc.binary_length(column), limit)), name, f"is longer than {limit} bytes")
    if found.control and name != "properties":  # JSON may be written over several lines
        control = pc.match_substring_regex(column, _CONTROL)
        checked.refuse(as_mask(control), name, "has a control character (NUL, tab, line break or the like)")
    return column


def _decoded(checked: Checked, column: pa.Array, name: str) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        valid = np.array([_is_utf8(value) for value in column.to_pylist()], dtype=bool)
        checked.refuse(~valid, name, NOT_UTF8)
        return pc.if_else(pa.array(valid), column, None).cast(pa.string())


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _relations(checked: Checked, names: pa.Array, model: Model) -> tuple[npt.NDArray[np.int8], BoolArray]:
    verbs = model.verbs
    coded = names.dictionary_encode()
    known = [verbs.get(name) for name in pc.utf8_lower(coded.dictionary).to_pylist()]
    codes = np.array([model.relations[v[0]].code if v else 0 for v in known] + [0], dtype=np.int8)
    retracts = np.array([bool(v and v[1]) for v in known] + [False])
    index = pc.fill_null(coded.indices, len(known)).to_numpy(zero_copy_only=False)
    checked.refuse(codes[index] == 0, "relation", f"is not one of {', '.join(verbs)}")
    return codes[index], retracts[index]


def _present(relation: npt.NDArray[np.int8], model: Model) -> list[RelationType]:
    """The relation types that a batch has; most batches have few, and each costs several passes."""
    codes = set(np.unique(relation).tolist())
    return [type_ for type_ in model.relations.values() if type_.code in codes]


def _target_kinds(
    checked: Checked, raw: Mapping[str, pa.Array], relation: npt.NDArray[np.int8], model: Model
) -> npt.NDArray[np.int8]:
    kinds = np.zeros(checked.n, dtype=np.int8)
    for type_ in _present(relation, model):
        kinds[relation == type_.code] = model.kinds[type_.targets[0]].code
    if "target_kind" not in raw:
        return kinds
    named = pc.utf8_lower(_text(checked, raw, "target_kind"))
    for type_ in _present(relation, model):
        of_type = as_mask(named.is_valid()) & (relation == type_.code)
        checked.refuse(
            of_type & ~as_mask(pc.is_in(named, pa.array(type_.targets))),
            "target_kind",
            f"of {type_.name} is not one of {', '.join(type_.targets)}",
        )
        for kind in type_.targets:
            kinds[of_type & as_mask(pc.equal(named, kind))] = model.kinds[kind].code
    return kinds


def _times(checked: Checked, raw: Mapping[str, pa.Array], now_us: int, time_format: str | None) -> pa.Array:
    if "time" not in raw:
        return pa.nulls(checked.n, pa.int64())
    column = raw["time"]
    if pa.types.is_binary(column.type):
        column = _text(checked, raw, "time")
    time, bad = times(column, time_format=time_format)
    wanted = f"as {time_format}" if time_format else "a number of seconds or ISO 8601 text"
    checked.refuse(bad, "time", f"is not a time ({wanted})")
    early = as_mask(pc.less(time, microseconds(EARLIEST)))
    checked.refuse(early, "time", f"is before {EARLIEST:%Y-%m-%d}; leave it empty when it is unknown")
    checked.refuse(as_mask(pc.greater(time, now_us + DAY_US)), "time", "is in the future")
    return time


def _values(checked: Checked, raw: Mapping[str, pa.Array], relation: npt.NDArray[np.int8], model: Model) -> pa.Array:
    if "value" not in raw:
        return pa.nulls(checked.n, pa.float64())
    column = raw["value"]
    if pa.types.is_binary(column.type):
        column = _text(checked, raw, "value")
    value, bad = numbers(column)
    checked.refuse(bad, "value", "is not a finite number")
    given = as_mask(value.is_valid())
    for type_ in _present(relation, model):
        of_type = given & (relation == type_.code)
        if type_.value is None:
            value = pc.if_else(pa.array(of_type), None, value)  # a file may mix types; the column is for the others
            continue
        spec = type_.value
        low, high = as_mask(pc.less(value, spec.minimum)), as_mask(pc.greater(value, spec.maximum))
        checked.refuse(of_type & low, "value", f"({spec.name}) is below {spec.minimum:g}")
        checked.refuse(of_type & high, "value", f"({spec.name}) is above {spec.maximum:g}")
    return value


def _self_relations(
    checked: Checked,
    text: Mapping[str, pa.Array],
    relation: npt.NDArray[np.int8],
    target_kind: npt.NDArray[np.int8],
    model: Model,
) -> None:
    same = as_mask(pc.equal(text["source"], text["target"]))
    if not same.any():
        return
    for type_ in _present(relation, model):
        own_kind = target_kind == model.kinds[type_.source].code
        checked.refuse(
            same & own_kind & (relation == type_.code),
            "target",
            f"is the {type_.source} itself, which cannot {type_.name} itself",
        )


def _via(checked: Checked, via: pa.Array, relation: npt.NDArray[np.int8], model: Model) -> None:
    allowed = np.isin(relation, [r.code for r in model.relations.values() if r.via])
    names = ", ".join(r.name for r in model.relations.values() if r.via)
    checked.refuse(as_mask(via.is_valid()) & ~allowed, "via", f"goes with {names} only")


def _properties(checked: Checked, column: pa.Array) -> pa.Array:
    """JSON objects with sorted keys, so that the same properties are the same text."""
    given = np.flatnonzero(as_mask(column.is_valid()))
    if not len(given):
        return column
    texts, broken = column.to_pylist(), np.zeros(checked.n, dtype=bool)
    for row in given.tolist():
        texts[row] = canonical_object(texts[row])
        broken[row] = texts[row] is None
    checked.refuse(broken, "properties", "is not a JSON object of finite numbers and valid text")
    return pa.array(texts, pa.string())
