"""A run: the scores of one snapshot under one strategy, saved beside it as arrays."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from guanxi.authenticity import Authenticity, Subject, Unsuspicious, Witness
from guanxi.bundle import Bundle, write_bundle
from guanxi.engine.distrust import Distrusted, factor_of, in_favour_of_items
from guanxi.engine.identity import arrays_of, between_actors, identities_in, identities_of_run, pre_trust_of_actors
from guanxi.engine.labels import labels_of
from guanxi.engine.options import Strategy
from guanxi.engine.statements import DOUBTED, Spoken
from guanxi.engine.topic_graphs import TopicGraphs
from guanxi.engine.witnesses import Evidence, audience_left, discount_of, fused
from guanxi.errors import DamagedError, UnknownIdError
from guanxi.events.dictionary import positions
from guanxi.graph import TrustGraph
from guanxi.local_trust import Actions, Identities, Setting, local_trust
from guanxi.recommend import Interactions, ItemWeights, item_prior, of_actors
from guanxi.snapshot import Snapshot
from guanxi.trust import Push, Routes, earned, eigentrust, influence, pagerank

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
    def propagated(self) -> FloatArray:
        """Global trust of every account before distrust lowered it."""
        name = "distrust.propagated"
        return self.bundle.array(name) if self.bundle.has(name) else self.global_trust

    @cached_property
    def distrusted(self) -> Distrusted | None:
        """Statements against anybody or anything; None where the strategy turns distrust off."""
        return Distrusted.of_run(self.snapshot, self.strategy.distrust, self.bundle, self.identities)

    @cached_property
    def distrusted_by_all(self) -> Distrusted | None:
        """The same as it counts in global answers."""
        return None if self.distrusted is None else self.distrusted.for_everybody(self.graph, self.propagated)

    @cached_property
    def heard(self) -> FloatArray:
        """How far each account is heard in global answers: by the trust that it earned."""
        restart = self.strategy.restart
        return influence(earned(self.graph, self.propagated, discount=self.discount, restart=restart))

    @cached_property
    def identities(self) -> Identities | None:
        """Which accounts are one actor; None where none are. Only representatives have edges and scores."""
        return identities_of_run(self.bundle)

    def actor(self, index: int) -> int:
        """Index of the account that stands for an account: its own, unless verified links say that there is another."""
        return index if self.identities is None else int(self.identities.representative[index])

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
    def topics(self) -> TopicGraphs:
        """Topics, and the trust graphs of those that were asked for."""
        return TopicGraphs.of(self)

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
    def spoken(self) -> Spoken:
        """What accounts say about each other, and what was learned from it."""
        conduct = self.authenticity[Subject.CONDUCT].value
        return Spoken.of(self.snapshot, doubted=(conduct < DOUBTED) & self.strategy.discounts)

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
        return cls.of(bundle, snapshot)

    @classmethod
    def of(cls, bundle: Bundle, snapshot: Snapshot) -> Self:
        """The run of ``snapshot`` that a bundle holds."""
        graph = TrustGraph(*(bundle.array(f"graph.{name}") for name in _GRAPH))
        interactions = Interactions(*(bundle.array(f"items.{name}") for name in _ITEMS))
        return cls(bundle.id, snapshot, Strategy.from_json(bundle.meta["strategy"]), bundle, graph, interactions)


WARM_TOL = 7e-11
"""A cold start to 1e-10 and a warm one to this differ by less than 1e-9 in all, at the default restart."""


def score(
    snapshot: Snapshot,
    strategy: Strategy,
    parent: Path,
    *,
    earlier: Run | None = None,
    seed_secret: bytes | None = None,
) -> Path:
    """Compute a run and save it below ``parent``; return its folder. See ``computed``."""
    meta, arrays = computed(snapshot, strategy, earlier=earlier, seed_secret=seed_secret)
    return write_bundle(parent, meta=meta, arrays=arrays)


def computed(
    snapshot: Snapshot, strategy: Strategy, *, earlier: Run | None = None, seed_secret: bytes | None = None
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """What a run says of itself, and its arrays; nothing is saved.

    Authenticity comes before propagation: a first global trust feeds the witnesses, their discount shapes the graph
    that the final trust flows through, and the seeds, too.

    With an ``earlier`` run, final trust and PageRank start from its scores: fewer steps, the same scores to 1e-9, but
    not the same bits. What the witnesses read starts cold, so that no verdict depends on where it began.

    With a ``seed_secret``, labels of the snapshot's week are drawn by it from all that there are; see ``labels_of``.
    """
    setting = Setting.of(snapshot, strategy.weights, attribution_days=strategy.attribution_days)
    graph = local_trust(snapshot, setting)
    labels = labels_of(snapshot, strategy, secret=seed_secret)
    evidence = Evidence.gather(snapshot, graph, labels, restart=strategy.restart)
    n = snapshot.n_accounts
    discount = discount_of(evidence.witnesses()) if strategy.discounts and n else np.ones(n)
    interactions = Interactions.of(
        Actions.of_all(snapshot), _n_items(snapshot), weights=ItemWeights(), as_of=snapshot.as_of
    )
    identities, restart, uniform = identities_in(snapshot, strategy, evidence.trust), strategy.restart, None
    graph = between_actors(graph, snapshot, identities)
    if identities is not None:
        interactions = of_actors(interactions, identities.representative)
        discount, uniform = identities.shared(discount), identities.only(np.ones(n))
    pre_trust = pre_trust_of(snapshot, strategy, discount, identities)
    warm = {name: _warm(earlier, name, snapshot, identities) for name in ("global_trust", "pagerank")}
    trust = eigentrust(graph, pre_trust, discount=discount, restart=restart, **warm["global_trust"])
    distrusted = Distrusted.gather(snapshot, strategy.distrust, graph, identities)
    lowered = None
    if distrusted is not None:
        lowered = Lowered.of(distrusted, graph, trust, interactions, discount=discount, restart=restart)
    arrays: dict[str, npt.NDArray[Any]] = {
        "global_trust": trust if lowered is None else lowered.trust,
        "pagerank": pagerank(graph, pre_trust=uniform, restart=restart, **warm["pagerank"]),
        "discount": discount,
        "last_action": setting.last_action,
        "prior": item_prior(interactions, trust) if lowered is None else lowered.prior,
    }
    arrays |= {f"graph.{name}": getattr(graph, name) for name in _GRAPH}
    arrays |= {f"items.{name}": getattr(interactions, name) for name in _ITEMS}
    arrays |= Routes.of(graph, discount=discount, restart=restart).arrays()
    arrays |= evidence.arrays() | arrays_of(identities)
    if distrusted is not None:
        arrays |= distrusted.arrays() | {"distrust.propagated": trust}
    meta = {
        "holds": "run",
        "snapshot": snapshot.id,
        "strategy": strategy.to_json(),
        **evidence.meta(),
    }
    if earlier is not None:
        meta["began_at"] = earlier.id
    return meta, arrays


class Lowered(NamedTuple):
    """Global scores after distrust, which lowers finished values; nothing flows on from it."""

    trust: FloatArray
    prior: FloatArray

    @classmethod
    def of(
        cls,
        distrusted: Distrusted,
        graph: TrustGraph,
        trust: FloatArray,
        interactions: Interactions,
        *,
        discount: FloatArray,
        restart: float,
    ) -> Self:
        """Lower accounts and items, reporters counting by the trust that they earned."""
        distrusted = distrusted.for_everybody(graph, trust)
        voices = earned(graph, trust, discount=discount, restart=restart)
        lowered = trust * factor_of(distrusted.against_accounts(voices, trust))
        prior, in_favour = item_prior(interactions, lowered), in_favour_of_items(interactions, lowered)
        return cls(lowered, prior * factor_of(distrusted.against_items(voices, in_favour)))


def _warm(earlier: Run | None, name: str, snapshot: Snapshot, identities: Identities | None) -> dict[str, Any]:
    """Options that start from an earlier run's scores; an account that it did not know starts at the mean."""
    if earlier is None or not snapshot.n_accounts:
        return {}
    start = np.full(snapshot.n_accounts, 1.0 / snapshot.n_accounts)
    at = positions(earlier.snapshot.accounts.values, snapshot.accounts.values)
    scores = earlier.propagated if name == "global_trust" else earlier.bundle.array(name)
    start[at[at >= 0]] = scores[at >= 0]
    return {"start": start if identities is None else identities.gathered(start), "tol": WARM_TOL}


def _n_items(snapshot: Snapshot) -> int:
    return len(snapshot.ids["item"]) if "item" in snapshot.ids else 0


def pre_trust_of(
    snapshot: Snapshot, strategy: Strategy, discount: FloatArray, identities: Identities | None
) -> FloatArray:
    """Where global trust starts: the seeds, else every account by its authenticity; each actor once."""
    pre_trust = _seeded(snapshot, strategy) if strategy.seeds else discount
    if identities is None:
        return pre_trust
    return pre_trust_of_actors(identities, pre_trust, seeds=bool(strategy.seeds))


def _seeded(snapshot: Snapshot, strategy: Strategy) -> FloatArray:
    """One at every seed."""
    pre_trust = np.zeros(snapshot.n_accounts)
    for id_ in strategy.seeds:
        index = snapshot.accounts.find(id_)
        if index is None:
            raise UnknownIdError(f"seed {id_!r} is no account of this snapshot")
        pre_trust[index] = 1.0
    return pre_trust
