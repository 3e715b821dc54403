"""Which events speak for whom, and how much.

- ``follow`` speaks for the followed account; it fades with its own age and with the followed account's silence.
- ``trust`` speaks for the trusted account, times its level; below 0 it is no trust, and is left to ``distrust.py``.
- ``share`` that names the account it came by (``via``) speaks for that account.
- ``purchase`` speaks for the account it came by; where it names none, for the followed or trusted accounts that had
  shared the item in the ``attribution_days`` before, in equal parts. Refunded purchases are not in the snapshot.
- ``block`` takes away all that the blocker's own events say for the blocked account.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.events.values import DAY_US
from guanxi.graph import TrustGraph, as_weights, offsets_of, sum_by_key
from guanxi.local_trust.weights import (
    FloatArray,
    RelationWeight,
    TimeArray,
    Weights,
    chunks,
    decay,
    last_actions,
    speaks_for,
)
from guanxi.snapshot import NO_INDEX, NO_TIME, Relation, Snapshot

IndexArray = npt.NDArray[np.uint32]
OffsetArray = npt.NDArray[np.int64]
Triples = tuple[IndexArray, IndexArray, FloatArray]
"""Source, target and weight of pieces of evidence; a pair may come several times."""
_ENDLESS_US = 2.0**62  # longer than any two times are apart, and no int64 overflows


@dataclass(frozen=True, slots=True)
class Actions:
    """What some accounts did: relations by (type, target kind) whose rows are those accounts.

    ``accounts`` holds the account index of every row; with a whole snapshot that is 0 .. n - 1.
    """

    accounts: IndexArray
    relations: Mapping[tuple[str, str], Relation]

    @classmethod
    def of_all(cls, snapshot: Snapshot) -> "Actions":
        """What every account did."""
        return cls(np.arange(snapshot.n_accounts, dtype=np.uint32), snapshot.relations)

    def edges(self, name: str, kind: str) -> tuple[IndexArray, Relation] | None:
        """Row of every edge of one relation type, and the edges; None where there are none."""
        relation = self.relations.get((name, kind))
        return None if relation is None or not len(relation) else (relation.sources(), relation)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What evidence is weighed against: the shares of everybody, their last actions, weights and the date."""

    shares: Relation
    last_action: TimeArray
    weights: Weights
    as_of: int | None
    attribution_days: float = 90.0

    @classmethod
    def of(
        cls, snapshot: Snapshot, weights: Weights, *, as_of: int | None = None, attribution_days: float = 90.0
    ) -> "Setting":
        """Return the setting of a snapshot, at its own date unless another is given."""
        date = snapshot.as_of if as_of is None else as_of
        return cls(snapshot.relation("share", "item"), last_actions(snapshot), weights, date, attribution_days)

    def weight_of(self, name: str) -> RelationWeight:
        """Weight of a relation type; nothing for one that the weights leave out."""
        return self.weights.get(name, RelationWeight(0.0))

    def worth(self, relation: Relation) -> FloatArray:
        """Weight of every edge of a relation after it has faded, shape (m,)."""
        of_type = self.weight_of(relation.name)
        left = decay(relation.times, half_life_days=of_type.half_life_days, as_of=self.as_of)
        return np.multiply(of_type.weight, left, out=left)


def local_trust(snapshot: Snapshot, setting: Setting) -> TrustGraph:
    """Build the trust graph of all accounts from what they did.

    Time O(edges), and for every account that a buyer follows the fewer of the buyer's purchases and its shares; memory
    O(edges).
    """
    source, target, weight = evidence(Actions.of_all(snapshot), setting)
    return TrustGraph.from_edges(snapshot.n_accounts, source=source, target=target, weight=weight)


def trust_row(actions: Actions, setting: Setting) -> tuple[IndexArray, npt.NDArray[np.float32]]:
    """Whom one account trusts, and how much, from its actions alone: the same bits as its row of ``local_trust``."""
    source, target, weight = evidence(actions, setting)
    targets, sums = sum_by_key(target[source != target].astype(np.int64), weight[source != target])
    return targets.astype(np.uint32), as_weights(sums)


def evidence(actions: Actions, setting: Setting) -> Triples:
    """Every piece of evidence that ``actions`` give, with account indices at both ends."""
    parts = [_follows(actions, setting), _trusts(actions, setting)]
    parts += [_via(actions, setting, name, kind) for name, kind in (("share", "item"), ("share", "post"))]
    parts += [_via(actions, setting, "purchase", "item"), _attributed(actions, setting)]
    said = [part for part in parts if len(part[0])] or [_nothing()]
    row, target, weight = said[0] if len(said) == 1 else (np.concatenate([part[i] for part in said]) for i in range(3))
    del parts, said
    kept = weight > 0
    kept &= ~_blocked(actions, row, target)
    if not kept.all():
        row, target, weight = row[kept], target[kept], weight[kept]
    return actions.accounts[row], target.astype(np.uint32, copy=False), weight


def _nothing() -> Triples:
    return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint32), np.zeros(0)


def _follows(actions: Actions, setting: Setting) -> Triples:
    found = actions.edges("follow", "account")
    if found is None:
        return _nothing()
    row, follow = found
    half_life = setting.weight_of("follow").half_life_days
    silence = decay(setting.last_action, half_life_days=half_life, as_of=setting.as_of)  # of accounts, which are fewer
    worth = setting.worth(follow)
    for some in chunks(len(worth)):
        worth[some] *= silence[follow.targets[some]]
    return row, follow.targets, worth


def _trusts(actions: Actions, setting: Setting) -> Triples:
    found = actions.edges("trust", "account")
    if found is None:
        return _nothing()
    row, trust = found
    level = np.ones(len(trust)) if trust.values is None else np.where(np.isnan(trust.values), 1.0, trust.values)
    return row, trust.targets, setting.worth(trust) * level


def _via(actions: Actions, setting: Setting, name: str, kind: str) -> Triples:
    found = actions.edges(name, kind)
    via = None if found is None else found[1].via
    if found is None or via is None:
        return _nothing()
    row, relation = found
    named = via != NO_INDEX
    return row[named], via[named], setting.worth(relation)[named]


def _attributed(actions: Actions, setting: Setting) -> Triples:
    """Purchases that name nobody, credited to whoever among the buyer's own had shared the item."""
    found = actions.edges("purchase", "item")
    if found is None or not len(setting.shares) or setting.weight_of("purchase").weight == 0:
        return _nothing()
    row, purchase = found
    offsets, tied = _ties(actions)
    open_ = (purchase.times != NO_TIME) & (True if purchase.via is None else purchase.via == NO_INDEX)
    window = int(min(setting.attribution_days * DAY_US, _ENDLESS_US))
    worth = setting.worth(purchase)[open_]
    times = np.ascontiguousarray(purchase.times[open_])
    items = np.ascontiguousarray(purchase.targets[open_])
    shares = setting.shares
    credited: Triples = _credit(
        row[open_], items, times, worth, offsets, tied, shares.offsets, shares.targets, shares.times, window
    )
    return credited


def _ties(actions: Actions) -> tuple[OffsetArray, IndexArray]:
    """Accounts that each row follows or trusts, without repetition: offsets and targets."""
    found = [edges for name in ("follow", "trust") if (edges := actions.edges(name, "account")) is not None]
    if len(found) == 1 and speaks_for(found[0][1]) is None:  # a state has every pair once, in order
        return found[0][1].offsets, found[0][1].targets
    if not found:
        return np.zeros(len(actions.accounts) + 1, dtype=np.int64), np.zeros(0, dtype=np.uint32)
    kept = [np.ones(len(edges[0]), dtype=bool) if (of := speaks_for(edges[1])) is None else of for edges in found]
    row = np.concatenate([edges[0][some] for edges, some in zip(found, kept, strict=True)]).astype(np.uint64)
    target = np.concatenate([edges[1].targets[some] for edges, some in zip(found, kept, strict=True)]).astype(np.uint64)
    pair = np.unique(row << np.uint64(32) | target)
    return offsets_of((pair >> np.uint64(32)).astype(np.int64), len(actions.accounts)), pair.astype(np.uint32)


def _blocked(actions: Actions, row: IndexArray, target: IndexArray) -> npt.NDArray[np.bool_]:
    """Which pieces of evidence are for an account that the same row blocks."""
    found = actions.edges("block", "account")
    if found is None:
        return np.zeros(len(row), dtype=bool)
    blocks = found[0].astype(np.uint64) << np.uint64(32) | found[1].targets.astype(np.uint64)
    return np.isin(row.astype(np.uint64) << np.uint64(32) | target.astype(np.uint64), blocks)


@nb.njit(cache=True, nogil=True)
def _shared_before(
    item: int, time: int, window: int, start: int, stop: int, items: IndexArray, times: TimeArray
) -> bool:
    """Whether a row of shares, sorted by item and time, has the item in the window before a time."""
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    while low < stop and items[low] == item:
        if time - window <= times[low] <= time:
            return True
        low += 1
    return False


@nb.njit(cache=True, nogil=True)
def _credit(
    row: IndexArray,
    items: IndexArray,
    times: TimeArray,
    worth: FloatArray,
    tie_offsets: OffsetArray,
    ties: IndexArray,
    share_offsets: OffsetArray,
    share_items: IndexArray,
    share_times: TimeArray,
    window: int,
) -> Triples:
    """Split each purchase among the tied accounts that shared its item in time.

    Purchases come by row and item, as shares do; of a buyer's and a tied account's, the fewer are looked up in the
    others, so that the many purchases of some never meet the many ties of theirs one by one.
    """
    purchases, targets = [0 for _ in range(0)], [np.uint32(0) for _ in range(0)]  # empty, of a type that numba sees
    n_sharers = np.zeros(len(row), dtype=np.int64)
    first = 0
    while first < len(row):
        last = first + 1
        while last < len(row) and row[last] == row[first]:
            last += 1
        for tie in range(tie_offsets[row[first]], tie_offsets[row[first] + 1]):
            start, stop = share_offsets[ties[tie]], share_offsets[ties[tie] + 1]
            at, share = first, start
            while at < last and share < stop:
                if last - first > stop - start:  # the next item that was shared
                    item = share_items[share]
                    at = at + np.searchsorted(items[at:last], item)
                    while share < stop and share_items[share] == item:
                        share += 1
                else:
                    item = items[at]
                while at < last and items[at] == item:
                    if _shared_before(item, times[at], window, start, stop, share_items, share_times):
                        purchases.append(at)
                        targets.append(ties[tie])
                        n_sharers[at] += 1
                    at += 1
        first = last
    chosen = np.array(purchases, dtype=np.int64)
    return row[chosen], np.array(targets, dtype=np.uint32), worth[chosen] / n_sharers[chosen]
