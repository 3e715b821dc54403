"""Items by topic, and local trust on one topic: what accounts did with its items, by the rules of ``evidence``.

A purchase or share of an item of the topic speaks for whom it came by; a purchase that names nobody, for the followed
or trusted accounts that had shared the item. Follows and trust statements are about no topic, so they say who may be
credited and no more; a block counts on every topic.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.errors import UnknownIdError
from guanxi.graph import TrustGraph, offsets_of
from guanxi.local_trust.evidence import IndexArray, OffsetArray, Setting, local_trust
from guanxi.snapshot import Ids, Relation, Snapshot

Relations = Mapping[tuple[str, str], Relation]
_SPEAK = (("share", "item"), ("purchase", "item"))
_TIES = (("follow", "account"), ("trust", "account"), ("block", "account"))
_MOST_COMPARED = 20_000
_N_NEAR = 3


@dataclass(frozen=True, slots=True, eq=False)
class Topics:
    """The items of every topic.

    Attributes
    ----------
    ids : Ids
        Of the topics.
    offsets : numpy.ndarray, shape (n_topics + 1,), int64
    items : numpy.ndarray, shape (k,), uint32
        Those of topic ``i``, in increasing order, are in ``slice(offsets[i], offsets[i + 1])``.
    n_items : int
        Number of all items, also of those without a topic.
    """

    ids: Ids
    offsets: OffsetArray
    items: IndexArray
    n_items: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Turn around what the items of a snapshot are about."""
        ids = snapshot.ids.get("topic", Ids("topic", pa.array([], pa.large_string())))
        n_items = len(snapshot.ids["item"]) if "item" in snapshot.ids else 0
        about = snapshot.relations.get(("categorise", "topic"))
        if about is None:
            return cls(ids, np.zeros(len(ids) + 1, dtype=np.int64), np.zeros(0, dtype=np.uint32), n_items)
        by_topic = np.argsort(about.targets, kind="stable")
        return cls(ids, offsets_of(about.targets, len(ids)), about.sources()[by_topic], n_items)

    def items_of(self, topic: int) -> IndexArray:
        """Items of one topic."""
        return self.items[int(self.offsets[topic]) : int(self.offsets[topic + 1])]

    def index(self, id_: str) -> int:
        """Index of a topic, or raise UnknownIdError, which names those that are called almost so."""
        index = self.ids.find(id_)
        if index is not None:
            return index
        if not len(self.ids):
            raise UnknownIdError(f"no topic {id_!r}: no item of this snapshot has one; categorise events give them")
        near = near_to(id_, self.ids.values.to_pylist())
        meant = f"; similar: {', '.join(map(repr, near))}" if near else ""
        raise UnknownIdError(f"no topic {id_!r} among {len(self.ids):,} in this snapshot{meant}")


def near_to(id_: str, known: Sequence[str]) -> list[str]:
    """Up to three ids that are written almost like one, the nearest first.

    >>> near_to("Camra", ["tea", "camera", "cameras"])
    ['camera', 'cameras']
    """
    folded = id_.casefold()
    if len(known) > _MOST_COMPARED:  # comparing all would take seconds
        known = [text for text in known if text[:1].casefold() == folded[:1]][:_MOST_COMPARED]
    by_fold = {text.casefold(): text for text in known}
    return [by_fold[text] for text in difflib.get_close_matches(folded, by_fold, n=_N_NEAR)]


@dataclass(frozen=True, slots=True, eq=False)
class TopicEvidence:
    """What speaks for accounts on one topic.

    Attributes
    ----------
    items : numpy.ndarray, shape (n_items,), bool
        Which items are of the topic.
    snapshot : Snapshot
        Who follows, trusts and blocks whom, and what was done to these items.
    setting : Setting
        What new events on the topic are weighed against.
    graph : TrustGraph
        Local trust on the topic between all accounts.
    """

    items: npt.NDArray[np.bool_]
    snapshot: Snapshot
    setting: Setting
    graph: TrustGraph

    @classmethod
    def of(cls, snapshot: Snapshot, setting: Setting, items: npt.NDArray[np.bool_]) -> Self:
        """Weigh what all accounts did with some items.

        Parameters
        ----------
        setting : Setting
            That of trust in general: weights, half-lives, date, window of attribution.
        items : numpy.ndarray, shape (n_items,), bool

        Notes
        -----
        Time O(shares + purchases) for picking out those of the items, and for these as ``local_trust``.
        """
        narrow = replace(snapshot, relations=_about(snapshot.relations, items))
        speaking = {name: setting.weight_of(name) for name, _ in _SPEAK}
        own = replace(setting, shares=narrow.relation("share", "item"), weights=speaking)
        return cls(items, narrow, own, local_trust(narrow, own))

    def about(self, relations: Relations) -> dict[tuple[str, str], Relation]:
        """What some accounts did that may speak on the topic; items that no snapshot knows have none."""
        return _about(relations, self.items)


def _about(relations: Relations, items: npt.NDArray[np.bool_]) -> dict[tuple[str, str], Relation]:
    """Ties as they are, and what was done to some items."""
    there = {key: relations[key] for key in (*_TIES, *_SPEAK) if key in relations}
    return {key: _of_items(relation, items) if key in _SPEAK else relation for key, relation in there.items()}


def _of_items(relation: Relation, items: npt.NDArray[np.bool_]) -> Relation:
    """The edges of a relation whose targets are among some items."""
    known = relation.targets < len(items)
    kept = items[np.where(known, relation.targets, 0)] & known if len(items) else known
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kept)])
    return replace(
        relation,
        offsets=before[relation.offsets],
        targets=relation.targets[kept],
        times=relation.times[kept],
        values=None if relation.values is None else relation.values[kept],
        via=None if relation.via is None else relation.via[kept],
        properties={name: column[kept] for name, column in relation.properties.items()},
    )
