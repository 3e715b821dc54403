"""Where events are kept: one protocol, and the embedded store that needs no server."""

from guanxi.stores.embedded import EmbeddedStore
from guanxi.stores.protocol import ApiKey, Appended, GraphStore, Outcome, Published, RunRecord

__all__ = ["ApiKey", "Appended", "EmbeddedStore", "GraphStore", "Outcome", "Published", "RunRecord"]
