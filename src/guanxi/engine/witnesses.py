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
    Subject,
    Unsuspicious,
    Witness,
    dense_block,
    dense_block_conduct,
    dense_blocks,
    discount,
    fuse,
    low_trust_followers,
    returned_followers,
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

    @classmethod
    def gather(cls, snapshot: Snapshot, graph: TrustGraph, *, restart: float) -> Self:
        """Search a snapshot for evidence; ``graph`` is its local trust before any discount."""
        audience = audience_of(snapshot)
        n = snapshot.n_accounts
        uniform = np.full(n, 1.0 / max(n, 1))
        trust = eigentrust(graph, uniform, restart=restart) if n else uniform
        idle = float(trust[graph.out_sums == 0].sum())
        floor = (restart + (1 - restart) * idle) * uniform
        return cls(
            audience, exchange_of(snapshot), trust, floor, dense_blocks(audience, rng=np.random.default_rng(SEED))
        )

    def witnesses(self) -> list[Witness]:
        """Hear every witness."""
        return [
            dense_block(self.blocks),
            low_trust_followers(self.audience, self.trust, floor=self.floor),
            returned_followers(self.exchange),
            dense_block_conduct(self.blocks),
            unreturned_follows(self.exchange),
        ]

    def arrays(self) -> Arrays:
        """Return what cannot be had from the snapshot again at once."""
        arrays: Arrays = {"first_trust": self.trust, "first_floor": self.floor}
        for i, found in enumerate(self.blocks.found):
            arrays |= {f"block.{i}.followers": found.block.followers, f"block.{i}.followees": found.block.followees}
            numbers = [found.block.n_edges, found.block.objective, found.null_objective, float(found.suspicious)]
            arrays[f"block.{i}.numbers"] = np.array(numbers, dtype=np.float64)
        return arrays

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
        return cls(audience, exchange_of(snapshot), run.array("first_trust"), run.array("first_floor"), blocks)


def audience_of(snapshot: Snapshot) -> Audience:
    """Who follows whom; a statement of trust counts as a follow."""
    ties = [snapshot.relation(name, "account") for name in ("follow", "trust")]
    return _audience(snapshot, [(tie.sources(), tie.targets, tie.times) for tie in ties])


def exchange_of(snapshot: Snapshot) -> Audience:
    """Who follows whom or passes on what they shared: reciprocity is asked of both together."""
    ties = [snapshot.relation(name, "account") for name in ("follow", "trust")]
    edges = [(tie.sources(), tie.targets, tie.times) for tie in ties]
    for share in (snapshot.relation("share", kind) for kind in ("item", "post")):
        if share.via is not None:
            named = share.via != NO_INDEX
            edges.append((share.sources()[named], share.via[named], share.times[named]))
    return _audience(snapshot, edges)


def _audience(snapshot: Snapshot, edges: list[tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]]) -> Audience:
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
