"""Shapes of what a server says about itself."""

from typing import Literal

from guanxi.service.shapes.base import Envelope, Shape


class StatsData(Shape):
    """How large the graph is."""

    class Row(Shape):
        """Edges of one relation type to one kind."""

        relation: str
        target_kind: str
        n_edges: int

    entities: dict[str, int]
    n_edges: int
    relations: list[Row]
    n_events: int
    n_trust_edges: int


class Alive(Shape):
    """The process answers."""

    status: Literal["alive"]


class Ready(Shape):
    """Answers can be given."""

    status: Literal["ready"]
    components: dict[str, Literal["ok"]]


StatsAnswer = Envelope[StatsData]
