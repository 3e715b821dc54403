"""A window of the log on its way into Neo4j: whatever is killed or repeated, each batch is applied once.

A window of one batch is a single transaction. A larger one is begun and ended by a transaction each; in between, every
batch leaves a mark in its own transaction, by which it is recognised when the window is taken up again. Its batches
have no pair and no event in common, so that two of them are taken at a time: a store which is alone in the database
writes both; others first read what is there already, and take turns with what is not.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from neo4j import ManagedTransaction

from guanxi.errors import StoreError
from guanxi.schema import Model
from guanxi.stores.neo4j import outbox, statements
from guanxi.stores.neo4j.applying import Applied, Known, apply
from guanxi.stores.neo4j.batches import Batch, ids
from guanxi.stores.neo4j.client import Neo4jClient, statement
from guanxi.stores.neo4j.outbox import Position, Turn
from guanxi.stores.neo4j.recognising import n_events, unknown

LANES = 2
"""Batches that are written at the same time; more gain nothing on a server with few cores."""
_NODE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """Events ``start.seq + 1 .. ended.seq``, cut into batches.

    Attributes
    ----------
    start, begun, ended : Position
        Where the log stands before, in the middle and after.
    """

    log: str
    client: Neo4jClient
    model: Model
    start: Position
    begun: Position
    ended: Position
    todo: list[Batch]

    def apply(self, tell: Callable[[int], None] | None) -> Applied:
        """Apply what is not applied yet; ``tell`` hears how many events of the window are."""
        if not self.start.upto and len(self.todo) <= 1:
            done = self.client.write(self._at_once)
        else:
            done = self._in_batches(tell)
        if tell is not None:
            tell(self.ended.seq - self.start.seq)
        return done

    def _at_once(self, tx: ManagedTransaction) -> Applied:
        """Everything in one transaction. When it is repeated because its end was not heard of, the position tells."""
        turn = self._take_turn(tx)
        if turn.position == self.ended:
            return Applied()
        done = Applied()
        for batch in self.todo:
            done += apply(tx, batch, self.model, Known(turn.alone))
        outbox.move(tx, self.log, self.ended)
        return done

    def _in_batches(self, tell: Callable[[int], None] | None) -> Applied:
        known = self.client.write(self._begin)
        marked = self.client.write(lambda tx: outbox.marked(tx, self.log))
        todo = [(number, batch) for number, batch in enumerate(self.todo) if number not in marked]
        if known.nodes:
            self._make_nodes([batch for _, batch in todo])
        done = Applied()
        with ThreadPoolExecutor(LANES) as pool:
            try:
                for applied in pool.map(lambda one: self._write(one[0], one[1], known), todo):
                    done += applied
                    if tell is not None:
                        tell(done.n_written + done.n_known)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self.client.write(self._end)
        return done

    def _begin(self, tx: ManagedTransaction) -> Known:
        turn = self._take_turn(tx)
        if turn.position == self.start != self.begun:
            outbox.move(tx, self.log, self.begun)
        return Known(turn.alone, turn.alone, outbox.empty_types(tx, self.model))

    def _make_nodes(self, todo: list[Batch]) -> None:
        for label, named in ids(todo, self.model).items():
            cypher = statement(statements.make_nodes(label))
            for first in range(0, len(named), _NODE_ROWS):
                some = {"ids": named[first : first + _NODE_ROWS]}
                self.client.write(lambda tx, c=cypher, b=some: tx.run(c, batch=b).consume())  # type: ignore[misc]

    def _write(self, number: int, batch: Batch, known: Known) -> Applied:
        new = batch if known.alone else unknown(self.client, batch, self.model)
        n_known = n_events(batch) - n_events(new)
        return Applied(0, n_known) + (self._write_new(number, new, known) if new else Applied())

    def _write_new(self, number: int, batch: Batch, known: Known) -> Applied:
        def work(tx: ManagedTransaction) -> Applied:
            if not known.alone:
                self._take_turn(tx)
            if not outbox.mark(tx, self.log, self.start, number):
                return Applied()
            return apply(tx, batch, self.model, known)

        return self.client.write(work)

    def _end(self, tx: ManagedTransaction) -> None:
        self._take_turn(tx)
        outbox.move(tx, self.log, self.ended)

    def _take_turn(self, tx: ManagedTransaction) -> Turn:
        turn = outbox.take_turn(tx, self.log, self.model)
        if turn.position not in (self.start, self.begun, self.ended):
            raise StoreError(
                f"somebody else applied the log {self.log} to {self.client.target} at the same time: it stands at "
                f"{turn.position.seq:,}, not {self.start.seq:,}; one store folder must not be used from two machines"
            )
        return turn
