"""What the local trust between two accounts rests on, and how many buyers an account led to what they bought."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from guanxi.events.values import DAY_US
from guanxi.local_trust.evidence import (
    _ENDLESS_US,
    Actions,
    Setting,
    Triples,
    _attributed,
    _follows,
    _trusts,
    _via,
)
from guanxi.snapshot import NO_INDEX, NO_TIME, Relation, Snapshot

Times = npt.NDArray[np.int64]
Part = Callable[[Actions, Setting], Triples]
_BOUGHT = ("purchase", "item")


@dataclass(frozen=True, slots=True)
class Ground:
    """The events of one relation type that speak for an account.

    Attributes
    ----------
    n : int
        How many.
    weight, fresh : float
        Local trust that they give, and what they would give had nothing faded.
    newest : int or None
        When the last of them was, in microseconds since 1970; None where no event is dated.
    """

    relation: str
    n: int
    weight: float
    fresh: float
    newest: int | None


def grounds(actions: Actions, setting: Setting, target: int) -> list[Ground]:
    """What one account's own events say for another, the most first; the weights add up to its local trust.

    Parameters
    ----------
    actions : Actions
        Those of a single account.
    setting : Setting
        As ``local_trust`` takes it; relation types without a weight say nothing.
    target : int
        For whom. One that the account blocks is not recognised as such.
    """
    found = [_ground(actions, setting, target, *of) for of in _PARTS]
    by_name: dict[str, list[Ground]] = {}
    for ground in found:
        if ground.n:
            by_name.setdefault(ground.relation, []).append(ground)
    return sorted(map(_merged, by_name.values()), key=lambda ground: (-ground.weight, ground.relation))


def n_buyers_led(actions: Actions, setting: Setting, n: int) -> npt.NDArray[np.int64]:
    """How many accounts bought something that they came to by each account, shape (n,): as purchases are credited."""
    buyers: list[npt.NDArray[np.uint64]] = []
    for part in (partial(_via, name="purchase", kind="item"), _attributed):
        row, target, _ = part(actions, setting)
        buyer = actions.accounts[row]
        others = buyer != target
        buyers.append(target[others].astype(np.uint64) << np.uint64(32) | buyer[others])
    led = np.unique(np.concatenate(buyers)) >> np.uint64(32)
    return np.bincount(led.astype(np.int64), minlength=n)


def _ground(
    actions: Actions, setting: Setting, target: int, name: str, part: Part, dates: Callable[..., Times]
) -> Ground:
    _, targets, weights = part(actions, setting)
    said = (targets == target) & (weights > 0)
    if not said.any():
        return Ground(name, 0, 0.0, 0.0, None)
    whole = part(actions, replace(setting, as_of=None))[2][said]
    when = dates(actions, setting, target)
    known = when[when != NO_TIME]
    newest = int(known.max()) if len(known) else None
    return Ground(name, int(said.sum()), float(weights[said].sum()), float(whole.sum()), newest)


def _merged(same: list[Ground]) -> Ground:
    newest = [ground.newest for ground in same if ground.newest is not None]
    return Ground(
        same[0].relation,
        sum(ground.n for ground in same),
        sum(ground.weight for ground in same),
        sum(ground.fresh for ground in same),
        max(newest, default=None),
    )


def _tied(actions: Actions, _: Setting, target: int, *, name: str) -> Times:
    """Since when the account has had a tie to another."""
    relation = actions.relations[name, "account"]
    return np.asarray(relation.times[relation.targets == target])


def _naming(actions: Actions, _: Setting, target: int, *, name: str, kind: str) -> Times:
    """When the account did what came by another."""
    relation = actions.relations[name, kind]
    return np.asarray(relation.times[relation.via == target])


def _bought_after(actions: Actions, setting: Setting, target: int) -> Times:
    """When the account bought, naming nobody, what another had shared before."""
    bought, shares = actions.relations[_BOUGHT], setting.shares
    rows = shares.rows_of(target)
    items, times = shares.targets[rows], shares.times[rows]
    window = min(setting.attribution_days * DAY_US, _ENDLESS_US)
    return np.array([
        when
        for item, when in zip(bought.targets[_open(bought)].tolist(), bought.times[_open(bought)].tolist(), strict=True)
        if ((items == item) & (times <= when) & (times >= when - window)).any()
    ], dtype=np.int64)  # fmt: skip


def _open(bought: Relation) -> npt.NDArray[np.bool_]:
    """Which purchases name nobody, and have a time."""
    unnamed = np.ones(len(bought), dtype=np.bool_) if bought.via is None else bought.via == NO_INDEX
    return np.asarray(unnamed & (bought.times != NO_TIME))


_PARTS: tuple[tuple[str, Part, Callable[..., Times]], ...] = (
    ("follow", _follows, partial(_tied, name="follow")),
    ("trust", _trusts, partial(_tied, name="trust")),
    ("share", partial(_via, name="share", kind="item"), partial(_naming, name="share", kind="item")),
    ("share", partial(_via, name="share", kind="post"), partial(_naming, name="share", kind="post")),
    ("purchase", partial(_via, name="purchase", kind="item"), partial(_naming, name="purchase", kind="item")),
    ("purchase", _attributed, _bought_after),
)


def actions_of(snapshot: Snapshot, account: int) -> Actions:
    """What one account did."""
    own = {key: relation.take(relation.rows_of(account)) for key, relation in snapshot.deeds.items()}
    return Actions(np.array([account], dtype=np.uint32), own)
