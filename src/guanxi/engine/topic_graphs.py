"""The trust graphs of topics, made from a run when somebody asks for them; the last few are kept."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from guanxi.engine.identity import between_actors
from guanxi.local_trust import Identities, Setting, TopicEvidence, Topics
from guanxi.snapshot import Snapshot

if TYPE_CHECKING:
    from guanxi.engine.scoring import Run

_KEPT = 16


@dataclass(frozen=True, slots=True, eq=False)
class TopicGraphs:
    """What a run says about topics.

    Attributes
    ----------
    topics : Topics
        Which there are, and their items.
    """

    snapshot: Snapshot
    setting: Setting
    identities: Identities | None
    topics: Topics
    _cache: "OrderedDict[int, TopicEvidence]" = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def of(cls, run: "Run") -> "TopicGraphs":
        """Look up the topics of a run's snapshot; nothing is weighed yet."""
        return cls(run.snapshot, run.setting, run.identities, Topics.of(run.snapshot))

    def evidence(self, topic: int) -> TopicEvidence:
        """What speaks for accounts on one topic; two that ask at once may both work it out, to the same bits."""
        with self._lock:
            if topic in self._cache:
                self._cache.move_to_end(topic)
                return self._cache[topic]
        items = np.zeros(self.topics.n_items, dtype=np.bool_)
        items[self.topics.items_of(topic)] = True
        found = TopicEvidence.of(self.snapshot, self.setting, items)
        found = replace(found, graph=between_actors(found.graph, self.snapshot, self.identities))
        with self._lock:
            self._cache[topic] = found
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return found
