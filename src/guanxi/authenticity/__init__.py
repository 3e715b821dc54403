"""How much of what an account shows is real: independent witnesses, fused into one number with an interval."""

from guanxi.authenticity.audience import NO_TIME, Audience
from guanxi.authenticity.dense_block import BlockRule, DenseBlocks, dense_block, dense_block_conduct, dense_blocks
from guanxi.authenticity.fusion import Authenticity, FusionOptions, Unsuspicious, discount, fuse, unsuspicious
from guanxi.authenticity.low_trust import low_trust_followers
from guanxi.authenticity.reciprocity import returned_followers, unreturned_follows
from guanxi.authenticity.witness import INNOCENT, EvidenceRow, Subject, Witness

__all__ = [
    "INNOCENT",
    "NO_TIME",
    "Audience",
    "Authenticity",
    "BlockRule",
    "DenseBlocks",
    "EvidenceRow",
    "FusionOptions",
    "Subject",
    "Unsuspicious",
    "Witness",
    "dense_block",
    "dense_block_conduct",
    "dense_blocks",
    "discount",
    "fuse",
    "low_trust_followers",
    "returned_followers",
    "unreturned_follows",
    "unsuspicious",
]
