"""Witness: blocks of accounts that follow the same accounts, far denser than popularity explains.

Bought followers come as a block: a few hundred accounts with the same customers. So do friends, and they must not be
accused. Four conditions keep the two apart, each with its reason:

- *one way*: only relations that are not returned are peeled. Friends follow each other; sold followers are not followed
  back, or seldom.
- *two sides*: at most half of the smaller side is on the other side as well. A community is the same people twice.
- *density and size*: at least ``min_density`` of the relations that could be, and more than a handful of accounts.
- *stands out*: FRAUDAR's objective is more than ``margin`` times that of the densest block after rewiring. Rewiring
  keeps how many each account follows and by how many it is followed: it shows what activity and popularity explain.
  Where the block itself is most of the relations that are not returned, it would explain itself; then followers are
  drawn from all relations, returned ones included.

Before it is judged, a block loses its bystanders (see ``trimmed``). It has two sides and says two different things.
Whoever is *followed* in it has a suspicious audience, and may not know. Whoever *follows* in it acts in concert: that
is about conduct. Hence two witnesses.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from guanxi.authenticity.audience import NO_TIME, Audience
from guanxi.authenticity.peeling import Block, Edges, densest, inside, rounds
from guanxi.authenticity.witness import (
    MIN_SAMPLE,
    BoolVector,
    EvidenceRow,
    IntVector,
    Subject,
    Witness,
    shares,
    typical_share,
)
from guanxi.errors import ParameterError
from guanxi.graph import IndexArray

_INNOCENT = ("giveaway", "shout_out", "advertising", "fan_community", "bought_by_someone_else")
_NOTHING_ONE_WAY = "every relation is returned: there is nothing to peel"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRule:
    """When a dense block is suspicious.

    Attributes
    ----------
    min_density : float
        Least share of possible relations that exist, in (0, 1]. Blocks planted at .2 are measured at .18 to .2, for
        a few bystanders stay; natural blocks of the sizes below reach .02 on Pokec, .10 on Epinions, .11 on Ciao.
    min_followers, min_followees : int
        Least size of either side, 1 or more.
    max_overlap : float
        Largest part of the smaller side that may be on both sides, in [0, 1].
    margin : float
        How many times the rewired graph's objective it must exceed, 1 or more. Clean graphs reach 1.08 times.
    """

    min_density: float = 0.15
    min_followers: int = 10
    min_followees: int = 5
    max_overlap: float = 0.5
    margin: float = 1.1

    def __post_init__(self) -> None:
        if not 0 < self.min_density <= 1:
            raise ParameterError(f"min_density is {self.min_density}, not in (0, 1]")
        if self.min_followers < 1 or self.min_followees < 1:
            raise ParameterError(
                f"min_followers and min_followees are {self.min_followers} and {self.min_followees}, not 1 or more"
            )
        if not 0 <= self.max_overlap <= 1:
            raise ParameterError(f"max_overlap is {self.max_overlap}, not in [0, 1]")
        if not self.margin >= 1:
            raise ParameterError(f"margin is {self.margin}, not 1 or more")

    def admits(self, block: Block) -> bool:
        """Whether density, size and overlap are those of a sold block."""
        return (
            len(block.followers) >= self.min_followers
            and len(block.followees) >= self.min_followees
            and block.density >= self.min_density
            and block.overlap <= self.max_overlap
        )


@dataclass(frozen=True, slots=True, eq=False)
class FoundBlock:
    """A dense block without its bystanders, and the objective that chance would reach (NaN where it was not asked).

    ``block.objective`` is that of the block as it was peeled, since chance is peeled alike.
    """

    block: Block
    null_objective: float
    suspicious: bool


@dataclass(frozen=True, slots=True, eq=False)
class DenseBlocks:
    """All dense blocks of a graph, in the order found."""

    audience: Audience
    found: tuple[FoundBlock, ...]
    n_one_way: int

    @property
    def suspicious(self) -> tuple[FoundBlock, ...]:
        """The blocks that count as evidence."""
        return tuple(entry for entry in self.found if entry.suspicious)


DEFAULT_RULE = BlockRule()


def dense_blocks(
    audience: Audience,
    *,
    rng: np.random.Generator,
    rule: BlockRule = DEFAULT_RULE,
    max_blocks: int = 10,
    n_rewired: int = 3,
) -> DenseBlocks:
    """Find dense blocks among the relations that are not returned, and judge each.

    Parameters
    ----------
    audience : Audience
        Who follows whom.
    rng : numpy.random.Generator
        Draws the rewired graphs.
    rule : BlockRule
        When a block is suspicious.
    max_blocks : int
        How many blocks to look for, 1 or more.
    n_rewired : int
        Rewired graphs per block that passes the other conditions, 1 or more.

    Raises
    ------
    ParameterError
        If ``max_blocks`` or ``n_rewired`` is out of range.

    Notes
    -----
    Time O((blocks + rewired) x E log n), memory O(E + n). Sources: see ``guanxi.authenticity.peeling``; the rewired
    graph is the directed configuration model (Newman, Strogatz, Watts, Phys. Rev. E 64, 2001).
    """
    if n_rewired < 1:
        raise ParameterError(f"n_rewired is {n_rewired}, not 1 or more")
    edges = Edges.one_way(audience)
    found = []
    everybody = audience.edge_sources()
    for left, block in rounds(edges, audience.n, max_blocks=max_blocks):
        core = trimmed(block, left, audience.n)
        pool = everybody if core.n_edges > len(edges.source) / 2 else None
        null = _null_objective(left, audience.n, rng, n_rewired, pool=pool) if rule.admits(core) else np.nan
        found.append(FoundBlock(core, null, bool(block.objective > rule.margin * null)))
    return DenseBlocks(audience, tuple(found), len(edges.source))


def trimmed(block: Block, edges: Edges, n: int) -> Block:
    """``block`` without bystanders: who has less than half of the mean relations of their side, until nobody has.

    Camouflage drags popular accounts into a block, and a busy reader may follow a few of its customers.
    """
    while True:
        kept = inside(block, edges.source, edges.target, n)
        source, target = edges.source[kept], edges.target[kept]
        followers = _at_least_half(block.followers, np.bincount(source, minlength=n))
        followees = _at_least_half(block.followees, np.bincount(target, minlength=n))
        if len(followers) == len(block.followers) and len(followees) == len(block.followees):
            return block
        n_edges = int(np.count_nonzero(np.isin(source, followers) & np.isin(target, followees)))
        block = Block(followers, followees, n_edges, block.objective)


def _at_least_half(members: IntVector, degree: IntVector) -> IntVector:
    enough: BoolVector = degree[members] >= degree[members].mean() / 2
    return members[enough]


def _null_objective(
    edges: Edges, n: int, rng: np.random.Generator, n_rewired: int, *, pool: IndexArray | None
) -> float:
    return max(densest(edges.rewired(rng, pool=pool), n).objective for _ in range(n_rewired))


def dense_block(blocks: DenseBlocks, *, min_sample: int = MIN_SAMPLE) -> Witness:
    """Share of an account's followers who follow it as part of a suspicious block.

    Parameters
    ----------
    blocks : DenseBlocks
        From ``dense_blocks``.
    min_sample : int
        Fewest followers to speak about, 1 or more.

    Raises
    ------
    ParameterError
        If ``min_sample`` is out of range.
    """
    audience = blocks.audience
    hit = _in_a_block(blocks, audience.sources, audience.edge_targets())
    count = np.bincount(audience.edge_targets()[hit], minlength=audience.n)
    return _witness("dense_block", Subject.AUDIENCE, blocks, count, audience.n_followers, min_sample=min_sample)


def dense_block_conduct(blocks: DenseBlocks, *, min_sample: int = MIN_SAMPLE) -> Witness:
    """Share of the accounts that an account follows which it follows as part of a suspicious block.

    Camouflage (following others, too) lowers the share but does not hide it: honest accounts are at zero.

    Raises
    ------
    ParameterError
        If ``min_sample`` is out of range.
    """
    audience = blocks.audience
    hit = _in_a_block(blocks, audience.edge_sources(), audience.targets)
    count = np.bincount(audience.edge_sources()[hit], minlength=audience.n)
    return _witness("dense_block_conduct", Subject.CONDUCT, blocks, count, audience.n_following, min_sample=min_sample)


def _witness(
    name: str, subject: Subject, blocks: DenseBlocks, count: IntVector, sample: IntVector, *, min_sample: int
) -> Witness:
    share = shares(count, sample, min_sample=min_sample)
    note = None if blocks.n_one_way else _NOTHING_ONE_WAY
    if note:
        share = np.full_like(share, np.nan)
    return Witness(
        name=name,
        subject=subject,
        share=share,
        sample_size=sample,
        typical=np.full(len(share), typical_share(share)),
        weight=1.0,
        sensitivity=0.3,  # sold followers can be spread thin; most sales leave no block
        innocent=_INNOCENT,
        note=note,
        explain=partial(_rows, blocks, subject),
    )


def _in_a_block(blocks: DenseBlocks, source: IndexArray, target: IndexArray) -> BoolVector:
    hit = np.zeros(len(source), dtype=bool)
    for entry in blocks.suspicious:
        hit |= inside(entry.block, source, target, blocks.audience.n)
    return hit


def _rows(blocks: DenseBlocks, subject: Subject, index: int, limit: int) -> list[EvidenceRow]:
    """Relations of ``index`` inside suspicious blocks, block by block."""
    rows: list[EvidenceRow] = []
    for place, entry in enumerate(blocks.found):
        if not entry.suspicious:
            continue
        block = entry.block
        if subject is Subject.AUDIENCE and index in block.followees:
            pairs = [(int(a), index) for a in np.intersect1d(blocks.audience.followers(index), block.followers)]
        elif subject is Subject.CONDUCT and index in block.followers:
            pairs = [(index, int(b)) for b in np.intersect1d(blocks.audience.following(index), block.followees)]
        else:
            continue
        rows += [_row(blocks.audience, entry, place, *pair) for pair in pairs[: limit - len(rows)]]
    return rows


def _row(audience: Audience, entry: FoundBlock, place: int, follower: int, followee: int) -> EvidenceRow:
    block, since = entry.block, audience.since(follower, followee)
    numbers = {
        "block": float(place),
        "block_followers": float(len(block.followers)),
        "block_followees": float(len(block.followees)),
        "density": block.density,
        "objective": block.objective,
        "null_objective": entry.null_objective,
    }
    if since != NO_TIME:
        numbers["since_us"] = float(since)
    return EvidenceRow("follows_within_block", follower, followee, numbers)
