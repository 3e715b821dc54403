"""A run: the scores of one snapshot under one strategy, saved beside it as arrays."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.authenticity import Authenticity, Subject, Unsuspicious, Witness
from guanxi.bundle import Bundle, write_bundle
from guanxi.engine.options import Strategy
from guanxi.engine.witnesses import Evidence, audience_left, discount_of, fused
from guanxi.errors import DamagedError, UnknownIdError
from guanxi.events.dictionary import positions
from guanxi.graph import TrustGraph
from guanxi.local_trust import Actions, Setting, local_trust
from guanxi.recommend import Interactions, ItemWeights, item_prior
from guanxi.snapshot import Snapshot
from guanxi.trust import Push, Routes, eigentrust, pagerank

FloatArray = npt.NDArray[np.float64]
_GRAPH = ("offsets", "targets", "weights", "in_offsets", "sources", "in_weights")
_ITEMS = ("offsets", "items", "weights", "in_offsets", "accounts", "in_weights")


@dataclass(frozen=True)
class Run:
    """Scores of a snapshot, mapped from disk; all arrays are in the order of the snapshot's ids.

    Attributes
    ----------
    graph : TrustGraph
        Local trust between accounts.
    global_trust, pagerank : numpy.ndarray, shape (n,)
        EigenTrust from the seeds, authenticity applied; PageRank of the same graph without weights, for comparison.
    discount : numpy.ndarray, shape (n,)
        Factor for trust into each account.
    interactions : Interactions
        What accounts hold of items.
    prior : numpy.ndarray, shape (n_items,)
        Standing of every item.
    """

    id: str
    snapshot: Snapshot
    strategy: Strategy
    bundle: Bundle
    graph: TrustGraph
    interactions: Interactions

    @cached_property
    def global_trust(self) -> FloatArray:
        """Global trust of every account."""
        return self.bundle.array("global_trust")

    @cached_property
    def pagerank(self) -> FloatArray:
        """PageRank of every account."""
        return self.bundle.array("pagerank")

    @cached_property
    def discount(self) -> FloatArray:
        """Factor for trust into every account."""
        return self.bundle.array("discount")

    @cached_property
    def prior(self) -> FloatArray:
        """Standing of every item."""
        return self.bundle.array("prior")

    @cached_property
    def push(self) -> Push:
        """Fast personal trust; prepared anew, where the run is of a version that did not save it."""
        if not self.bundle.has("push.edges"):
            return Push(Routes.of(self.graph, discount=self.discount, restart=self.strategy.restart))
        arrays = {name: self.bundle.array(name) for name in ("push.edges", "push.correction")}
        restart = self.strategy.restart
        return Push(Routes.from_arrays(arrays, offsets=self.graph.offsets, discount=self.discount, restart=restart))

    @cached_property
    def setting(self) -> Setting:
        """What new events are weighed against."""
        shares = self.snapshot.relation("share", "item")
        last = self.bundle.array("last_action")
        return Setting(shares, last, self.strategy.weights, self.snapshot.as_of, self.strategy.attribution_days)

    @cached_property
    def witnesses(self) -> list[Witness]:
        """The witnesses, heard again from the evidence of the run."""
        return Evidence.of_run(self.snapshot, self.bundle).witnesses()

    @cached_property
    def authenticity(self) -> dict[Subject, Authenticity]:
        """Fused authenticity by subject."""
        return dict(fused(self.witnesses))

    @cached_property
    def unsuspicious(self) -> Unsuspicious:
        """Part of each account's audience that nothing speaks against."""
        return audience_left(self.witnesses)

    @cached_property
    def sorted_trust(self) -> FloatArray:
        """Global trust in increasing order, for ranks."""
        return np.sort(self.global_trust)

    @classmethod
    def open(cls, folder: Path, snapshot: Snapshot, *, verify: bool = True, thorough: bool = False) -> Self:
        """Map a saved run of ``snapshot``."""
        bundle = Bundle.open(folder, verify=verify, thorough=thorough)
        if bundle.meta.get("holds") != "run" or bundle.meta.get("snapshot") != snapshot.id:
            raise DamagedError(f"{folder.name} is not a run of snapshot {snapshot.id}")
        graph = TrustGraph(*(bundle.array(f"graph.{name}") for name in _GRAPH))
        interactions = Interactions(*(bundle.array(f"items.{name}") for name in _ITEMS))
        return cls(bundle.id, snapshot, Strategy.from_json(bundle.meta["strategy"]), bundle, graph, interactions)


WARM_TOL = 7e-11
"""A cold start to 1e-10 and a warm one to this differ by less than 1e-9 in all, at the default restart."""


def score(snapshot: Snapshot, strategy: Strategy, parent: Path, *, earlier: Run | None = None) -> Path:
    """Compute a run and save it below ``parent``; return its folder.

    Authenticity comes before propagation: a first global trust feeds the witnesses, their discount shapes the graph
    that the final trust flows through, and the seeds, too.

    With an ``earlier`` run, final trust and PageRank start from its scores: fewer steps, the same scores to 1e-9, but
    not the same bits. What the witnesses read starts cold, so that no verdict depends on where it began.
    """
    setting = replace(Setting.of(snapshot, strategy.weights), attribution_days=strategy.attribution_days)
    graph = local_trust(snapshot, setting)
    evidence = Evidence.gather(snapshot, graph, restart=strategy.restart)
    n = snapshot.n_accounts
    discount = discount_of(evidence.witnesses()) if strategy.discounts and n else np.ones(n)
    interactions = Interactions.of(
        Actions.of_all(snapshot), _n_items(snapshot), weights=ItemWeights(), as_of=snapshot.as_of
    )
    pre_trust, restart = _pre_trust(snapshot, strategy, discount), strategy.restart
    trust = eigentrust(graph, pre_trust, discount=discount, restart=restart, **_warm(earlier, "global_trust", snapshot))
    arrays: dict[str, npt.NDArray[Any]] = {
        "global_trust": trust,
        "pagerank": pagerank(graph, restart=restart, **_warm(earlier, "pagerank", snapshot)),
        "discount": discount,
        "last_action": setting.last_action,
        "prior": item_prior(interactions, trust),
    }
    arrays |= {f"graph.{name}": getattr(graph, name) for name in _GRAPH}
    arrays |= {f"items.{name}": getattr(interactions, name) for name in _ITEMS}
    arrays |= Routes.of(graph, discount=discount, restart=restart).arrays()
    arrays |= evidence.arrays()
    meta = {
        "holds": "run",
        "snapshot": snapshot.id,
        "strategy": strategy.to_json(),
        "n_blocks": len(evidence.blocks.found),
        "n_one_way": evidence.blocks.n_one_way,
    }
    if earlier is not None:
        meta["began_at"] = earlier.id
    return write_bundle(parent, meta=meta, arrays=arrays)


def _warm(earlier: Run | None, name: str, snapshot: Snapshot) -> dict[str, Any]:
    """Options that start from an earlier run's scores; an account that it did not know starts at the mean."""
    if earlier is None or not snapshot.n_accounts:
        return {}
    start = np.full(snapshot.n_accounts, 1.0 / snapshot.n_accounts)
    at = positions(earlier.snapshot.accounts.values, snapshot.accounts.values)
    start[at[at >= 0]] = earlier.bundle.array(name)[at >= 0]
    return {"start": start, "tol": WARM_TOL}


def _n_items(snapshot: Snapshot) -> int:
    return len(snapshot.ids["item"]) if "item" in snapshot.ids else 0


def _pre_trust(snapshot: Snapshot, strategy: Strategy, discount: FloatArray) -> FloatArray:
    """Where global trust starts: the seeds, else every account by its authenticity."""
    if not strategy.seeds:
        return discount
    pre_trust = np.zeros(snapshot.n_accounts)
    for id_ in strategy.seeds:
        index = snapshot.accounts.find(id_)
        if index is None:
            raise UnknownIdError(f"seed {id_!r} is no account of this snapshot")
        pre_trust[index] = 1.0
    return pre_trust
