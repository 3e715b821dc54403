"""Whom a store has erased does not come back: events from or to them are refused, and others' do not name them.

What is known of an erased account is a tombstone: a hash of its id under a key that only the store has.
"""

import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.events import event_ids
from guanxi.hashing import murmur3
from guanxi.schema import load_model
from guanxi.stores.protocol import OUTCOMES, Appended, Loading

BoolArray = npt.NDArray[np.bool_]
_BUCKETS = 1 << 16
_ERASED = OUTCOMES.index("erased")


def account_code() -> int:
    """Code of the kind that is erased."""
    return load_model().kinds["account"].code


def relations_from_accounts() -> list[int]:
    """Codes of the relations whose source is an account."""
    return [relation.code for relation in load_model().relations.values() if relation.source == "account"]


def is_about(events: pa.Table, accounts: Collection[str]) -> BoolArray:
    """Which events are from or to one of some accounts; an item may have an account's id, and is not meant."""
    from_account = pc.is_in(events["relation"], pa.array(relations_from_accounts(), pa.int8()))
    to_account = pc.equal(events["target_kind"], account_code())
    from_these = pc.and_(from_account, _among(events["source"], accounts))
    return _mask(pc.or_(from_these, pc.and_(to_account, _among(events["target"], accounts))))


def names(events: pa.Table, accounts: Collection[str]) -> BoolArray:
    """Which events came about through one of some accounts."""
    return _mask(_among(events["via"], accounts))


def unnamed(events: pa.Table, rows: BoolArray) -> pa.Table:
    """Events without the account through which those at ``rows`` came about.

    They stay the events that they were: one that had no id of its own keeps the one that was made from its body.
    """
    if not rows.any():
        return events
    where = pa.array(rows)
    known = pa.array(event_ids(events.take(pa.array(np.flatnonzero(rows)))), events["id"].type)
    ids = pc.replace_with_mask(events["id"].combine_chunks(), where, known)
    via = pc.if_else(where, pa.scalar(None, events["via"].type), events["via"])
    changed = {"id": ids, "via": via}
    columns = [changed.get(name, events[name]) for name in events.column_names]
    return pa.table(columns, schema=events.schema)


def _among(column: pa.ChunkedArray, accounts: Collection[str]) -> pa.ChunkedArray:
    return pc.is_in(column, pa.array(sorted(accounts), column.type))


def _mask(column: pa.ChunkedArray) -> BoolArray:
    found: BoolArray = column.to_numpy()
    return found


@dataclass(frozen=True)
class Graveyard:
    """The tombstones of a store.

    Attributes
    ----------
    secret : bytes
        Key of the hashes.
    digests : frozenset of bytes
        One for each erased account; its first two bytes are a bucket, by which almost every id is passed over quickly.
    """

    secret: bytes
    digests: frozenset[bytes]
    n_changes: int = 0

    @classmethod
    def of(cls, db: sqlite3.Connection, known: Self | None = None) -> Self:
        """Read the tombstones, unless they are still those that are known."""
        secret, n_changes = db.execute("SELECT secret, n_changes FROM erasing_secret").fetchone()
        if known is not None and known.n_changes == n_changes:
            return known
        return cls(secret, frozenset(row[0] for row in db.execute("SELECT digest FROM tombstones")), n_changes)

    def digest(self, account: str) -> bytes:
        """The tombstone of an account."""
        bucket = int(self._buckets(pa.array([account]))[0])
        return bucket.to_bytes(2, "big") + hashlib.blake2b(account.encode(), key=self.secret, digest_size=16).digest()

    def erased_among(self, ids: Sequence[pa.ChunkedArray]) -> list[str]:
        """Ids in some columns whose account was erased."""
        if not self.digests:
            return []
        distinct = pc.unique(pa.chunked_array([pc.unique(column) for column in ids], pa.string())).drop_null()
        likely = distinct.filter(pa.array(np.isin(self._buckets(distinct), self._taken)))
        return [id_ for id_ in likely.to_pylist() if self.digest(id_) in self.digests]

    def admit(self, events: pa.Table) -> tuple[pa.Table, BoolArray]:
        """Those events that may be kept, as they may be kept; and which ones are refused."""
        erased = self.erased_among([events[name] for name in ("source", "target", "via")])
        if not erased:
            return events, np.zeros(len(events), dtype=bool)
        refused = is_about(events, erased)
        kept = events.filter(pa.array(~refused))
        return unnamed(kept, names(kept, erased)), refused

    @cached_property
    def _taken(self) -> npt.NDArray[np.uint64]:
        return np.array([int.from_bytes(digest[:2], "big") for digest in self.digests], dtype=np.uint64)

    def _buckets(self, ids: pa.Array) -> npt.NDArray[np.uint64]:
        text = pa.large_string()
        salted = pc.binary_join_element_wise(pa.scalar(self.secret.hex(), text), ids.cast(text), pa.scalar("", text))
        return murmur3(salted)[0] % np.uint64(_BUCKETS)


def with_refused(appended: Appended, refused: BoolArray) -> Appended:
    """What became of all events, given what became of those that were not refused."""
    if not refused.any():
        return appended
    codes = np.full(len(refused), _ERASED, dtype=np.int8)
    codes[~refused] = appended.codes
    return Appended(codes)


class Admitting:
    """A bulk load before which tombstones stand."""

    def __init__(self, load: Loading, graveyard: Graveyard) -> None:
        self._load, self._graveyard = load, graveyard

    def add(self, events: pa.Table) -> Appended:
        """Take events into the load and say what each of them is."""
        admitted, refused = self._graveyard.admit(events)
        return with_refused(self._load.add(admitted), refused)
