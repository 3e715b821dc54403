"""Authenticity of every account, before trust flows: witnesses, fused, and the discount that they amount to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.authenticity import (
    Audience,
    Authenticity,
    DenseBlocks,
    Labels,
    Spread,
    Subject,
    Unsuspicious,
    Witness,
    dense_block,
    dense_block_conduct,
    dense_blocks,
    discount,
    fuse,
    low_trust_followers,
    propagation,
    returned_followers,
    spread,
    unreturned_follows,
    unsuspicious,
)
from guanxi.authenticity.dense_block import FoundBlock
from guanxi.authenticity.peeling import Block
from guanxi.bundle import Bundle
from guanxi.graph import TrustGraph
from guanxi.snapshot import NO_INDEX, Snapshot
from guanxi.trust import eigentrust

FloatArray = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]
Edges = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
"""Sources, targets and times."""

SEED = 20260101
"""Of the rewired graphs that dense blocks are compared with: the same snapshot gives the same scores."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the witnesses read; enough to hear them again without searching anew."""

    audience: Audience
    exchange: Audience
    trust: FloatArray
    floor: FloatArray
    blocks: DenseBlocks
    spread: Spread

    @classmethod
    def gather(cls, snapshot: Snapshot, graph: TrustGraph, labels: Labels, *, restart: float) -> Self:
        """Search a snapshot for evidence; ``graph`` is its local trust before any discount.

        Labels are spread together with what the other witnesses say about conduct.
        """
        audience = audience_of(snapshot)
        n = snapshot.n_accounts
        uniform = np.full(n, 1.0 / max(n, 1))
        trust = eigentrust(graph, uniform, restart=restart) if n else uniform
        idle = float(trust[graph.out_sums == 0].sum())
        floor = (restart + (1 - restart) * idle) * uniform
        exchange, blocks = exchange_of(snapshot), dense_blocks(audience, rng=np.random.default_rng(SEED))
        found = spread(audience, labels, _conduct(blocks, exchange))
        return cls(audience, exchange, trust, floor, blocks, found)

    def witnesses(self) -> list[Witness]:
        """Hear every witness."""
        return [
            dense_block(self.blocks),
            low_trust_followers(self.audience, self.trust, floor=self.floor),
            returned_followers(self.exchange),
            *_about_conduct(self.blocks, self.exchange),
            propagation(self.spread),
        ]

    def arrays(self) -> Arrays:
        """Return what cannot be had from the snapshot again at once."""
        arrays: Arrays = {"first_trust": self.trust, "first_floor": self.floor}
        for i, found in enumerate(self.blocks.found):
            arrays |= {f"block.{i}.followers": found.block.followers, f"block.{i}.followees": found.block.followees}
            numbers = [found.block.n_edges, found.block.objective, found.null_objective, float(found.suspicious)]
            arrays[f"block.{i}.numbers"] = np.array(numbers, dtype=np.float64)
        if self.spread.note is None:
            arrays |= {"spread.score": self.spread.score, "spread.sample_size": self.spread.sample_size}
        return arrays

    def meta(self) -> dict[str, Any]:
        """Return what says how to read the arrays."""
        said = self.spread
        about = {"labelled": said.labelled, "note": said.note}
        return {"n_blocks": len(self.blocks.found), "n_one_way": self.blocks.n_one_way, "spread": about}

    @classmethod
    def of_run(cls, snapshot: Snapshot, run: Bundle) -> Self:
        """Read the evidence of a saved run."""
        audience = audience_of(snapshot)
        found = []
        for i in range(run.meta["n_blocks"]):
            n_edges, objective, null, suspicious = run.array(f"block.{i}.numbers").tolist()
            ends = (run.array(f"block.{i}.followers"), run.array(f"block.{i}.followees"))
            found.append(FoundBlock(Block(*ends, int(n_edges), objective), null, bool(suspicious)))
        blocks = DenseBlocks(audience, tuple(found), run.meta["n_one_way"])
        first = (run.array("first_trust"), run.array("first_floor"))
        return cls(audience, exchange_of(snapshot), *first, blocks, _spread_of_run(audience, run))


def _about_conduct(blocks: DenseBlocks, exchange: Audience) -> list[Witness]:
    """The witnesses who speak about conduct by themselves."""
    return [dense_block_conduct(blocks), unreturned_follows(exchange)]


def _conduct(blocks: DenseBlocks, exchange: Audience) -> FloatArray:
    """What the others say about conduct, NaN where nothing: without a suspicious block they accuse nobody.

    Unreturned follows alone lower .9 to .73 at most, by their weight and cap; so most graphs are spared the fusion.
    """
    if not blocks.suspicious:
        return np.full(exchange.n, np.nan)
    return fuse(_about_conduct(blocks, exchange)).value


def _spread_of_run(audience: Audience, run: Bundle) -> Spread:
    about = run.meta.get("spread", {"note": "the run was made before labels were spread; `guanxi score` makes another"})
    if about["note"] is not None:
        return Spread.nothing(audience, about["note"])
    return Spread(audience, run.array("spread.score"), run.array("spread.sample_size"), labelled=about["labelled"])


def audience_of(snapshot: Snapshot) -> Audience:
    """Who follows whom; a statement of trust counts as a follow, one of distrust does not."""
    return _audience(snapshot, _ties(snapshot))


def exchange_of(snapshot: Snapshot) -> Audience:
    """Who follows whom or passes on what they shared: reciprocity is asked of both together."""
    edges = _ties(snapshot)
    for share in (snapshot.relation("share", kind) for kind in ("item", "post")):
        if share.via is not None:
            named = share.via != NO_INDEX
            edges.append((share.sources()[named], share.via[named], share.times[named]))
    return _audience(snapshot, edges)


def _ties(snapshot: Snapshot) -> list[Edges]:
    follow, trust = (snapshot.relation(name, "account") for name in ("follow", "trust"))
    ties = [(follow.sources(), follow.targets, follow.times)]
    if trust.values is None:
        return [*ties, (trust.sources(), trust.targets, trust.times)]
    kept = ~(trust.values < 0)
    return [*ties, (trust.sources()[kept], trust.targets[kept], trust.times[kept])]


def _audience(snapshot: Snapshot, edges: list[Edges]) -> Audience:
    source, target, time = (np.concatenate([part[i] for part in edges]) for i in range(3))
    return Audience.from_edges(snapshot.n_accounts, source=source, target=target, time=time)


def fused(witnesses: list[Witness]) -> Mapping[Subject, Authenticity]:
    """Fuse the witnesses of each subject."""
    return {subject: fuse(_about(subject, witnesses)) for subject in Subject}


def audience_left(witnesses: list[Witness]) -> Unsuspicious:
    """Part of each account's audience that nothing speaks against."""
    return unsuspicious(_about(Subject.AUDIENCE, witnesses))


def discount_of(witnesses: list[Witness]) -> FloatArray:
    """Factor for trust into every account, shape (n,).

    Its own conduct counts by its odds. Its audience counts by the part that nothing speaks against, and no more:
    whoever bought followers (or was given them by a rival) loses what those could explain, and keeps the rest. Both at
    the upper end of their intervals, in doubt for the account; 1 where nothing is known.
    """
    left = audience_left(witnesses).high
    return discount(fuse(_about(Subject.CONDUCT, witnesses))) * np.where(np.isnan(left), 1.0, left)


def _about(subject: Subject, witnesses: list[Witness]) -> list[Witness]:
    return [witness for witness in witnesses if witness.subject == subject]
