"""Applying a log to Neo4j: in order, window after window."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
from neo4j import ManagedTransaction

from guanxi.errors import StoreError
from guanxi.events import EVENT_SCHEMA
from guanxi.schema import Model
from guanxi.stores.embedded import EmbeddedStore
from guanxi.stores.neo4j import outbox
from guanxi.stores.neo4j.applying import Applied
from guanxi.stores.neo4j.batches import BATCH_ROWS, batches, keys
from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.outbox import Position
from guanxi.stores.neo4j.window import Window

WINDOW_EVENTS = 1_000_000
"""Events that are sorted together: the more, the fewer times a node is looked up."""

Progress = Callable[[int, int], None]
"""Called with events applied and events to apply."""


@dataclass(frozen=True, slots=True)
class Pumped:
    """What a call of ``pump`` did.

    Attributes
    ----------
    n_written, n_known : int
        Events that it wrote to Neo4j; events that were there already.
    seq : int
        Every event of the log up to here is applied.
    """

    n_written: int
    n_known: int
    seq: int


@dataclass(frozen=True, slots=True)
class Pump:
    """Applies one log to one database; only one at a time may run."""

    log: EmbeddedStore
    name: str
    client: Neo4jClient
    model: Model
    window_events: int = WINDOW_EVENTS
    batch_rows: int = BATCH_ROWS

    def run(self, upto: int, *, progress: Progress | None = None) -> Pumped:
        """Apply every event up to ``upto`` that is not applied yet."""
        position = self.position()
        self._check(position)
        first, done = position.seq, Applied()
        while position.seq < upto or position.upto:
            window = self.window(position, position.upto or min(upto, position.seq + self.window_events))
            total = max(upto, window.ended.seq) - first
            tell = None if progress is None else partial(_tell, progress, position.seq - first, total)
            done += window.apply(tell)
            position = window.ended
        return Pumped(done.n_written, done.n_known, position.seq)

    def window(self, start: Position, end: int) -> Window:
        """The events behind ``start`` up to ``end``, cut into batches."""
        events = self._events(start.seq, end)
        todo = batches(events, self.model, rows=start.rows or self.batch_rows)
        ended = Position(seq=end, key=self.key_at(end))
        begun = replace(start, upto=end, rows=start.rows or self.batch_rows)
        return Window(self.name, self.client, self.model, start, begun, ended, todo)

    def position(self) -> Position:
        """How far the log is applied."""
        return self.client.write(lambda tx: outbox.read(tx, self.name))

    def adopt(self, seq: int) -> None:
        """Set the position without applying anything."""
        position = Position(seq=seq, key=self.key_at(seq))

        def work(tx: ManagedTransaction) -> None:
            outbox.take_turn(tx, self.name, self.model)
            outbox.own_up(tx, self.name)
            outbox.move(tx, self.name, position)

        self.client.write(work)

    def key_at(self, seq: int) -> str:
        """Key of one event of the log; empty where it was erased."""
        return _last_key(self._events(seq - 1, seq))

    def _events(self, after: int, upto: int) -> pa.Table:
        return pa.concat_tables([EVENT_SCHEMA.empty_table(), *self.log.events(after=after, upto=upto)])

    def _check(self, position: Position) -> None:
        """Compare the last applied event with the log's, lest another log is taken for this one."""
        if position.seq == 0:
            return
        own = self.key_at(position.seq)
        erased = not own and self.log.last_seq() >= position.seq
        if own != position.key and not erased:
            raise StoreError(
                f"{self.client.target} has applied {position.seq:,} events of this store's log, but the log's event "
                f"{position.seq:,} is another one; was the folder {self.log.home} restored from an older copy? Remove "
                "neo4j.json from it, and every event is compared with the database once more"
            )


def _tell(progress: Progress, before: int, total: int, n: int) -> None:
    progress(before + n, total)


def _last_key(events: pa.Table) -> str:
    return keys(events.slice(len(events) - 1))[0] if len(events) else ""
