"""Which events of a batch the database holds already, read without taking a turn.

What is held stays held: a state that is replaced moves aside and keeps its key. So an event that is found here needs no
second look under the lock; one that is not found does, since another store may bring it meanwhile.
"""

from guanxi.schema import Model
from guanxi.stores.neo4j import statements
from guanxi.stores.neo4j.batches import Batch, Part, keys
from guanxi.stores.neo4j.client import Neo4jClient

_SPARE = 100
_PER_ROW = 8


def unknown(client: Neo4jClient, batch: Batch, model: Model) -> Batch:
    """The events of a batch that the database seems to lack; where that is costly to tell, it is left open."""
    return tuple(part for part in (_unknown(client, whole, model) for whole in batch) if len(part.events))


def n_events(batch: Batch) -> int:
    """How many events a batch has."""
    return sum(len(part.events) for part in batch)


def _unknown(client: Neo4jClient, part: Part, model: Model) -> Part:
    """Keys are read source by source: one walk along its relationships instead of a search for each of them."""
    counted = part.events["source"].value_counts()
    # A few events of an account that has very many relationships are searched for, one by one, when they are written.
    most = [_SPARE + _PER_ROW * n for n in counted.field("counts").to_pylist()]
    asked = {"sources": counted.field("values").to_pylist(), "most": most}
    [there] = client.lists(statements.held_keys(part.edge, _types(part, model)), batch=asked)
    if not there:
        return part
    held = set(there)
    return part.take([at for at, key in enumerate(keys(part.events)) if key not in held])


def _types(part: Part, model: Model) -> list[str]:
    """Where an event may be: one of a state stands, or was moved aside."""
    if part.relation.form == "fact":
        return [part.edge.type]
    edge = statements.Edge.of(model, part.relation, part.kind)
    return [edge.type, statements.Edge.superseded(model, part.relation, part.kind).type]
