"""How much of what an account shows is real: independent witnesses, fused into one number with an interval."""

from guanxi.authenticity.audience import NO_TIME, Audience
from guanxi.authenticity.dense_block import BlockRule, DenseBlocks, dense_block, dense_block_conduct, dense_blocks
from guanxi.authenticity.fusion import Authenticity, FusionOptions, Unsuspicious, discount, fuse, unsuspicious
from guanxi.authenticity.low_trust import low_trust_followers
from guanxi.authenticity.propagation import Labels, Spread, propagation, spread
from guanxi.authenticity.reciprocity import returned_followers, unreturned_follows
from guanxi.authenticity.sybils import (
    bounded_scar,
    classifier_prior,
    embedded_ties,
    gang,
    label_prior,
    mutual_ties,
    rotating_seeds,
    sybilscar,
)
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
    "Labels",
    "Spread",
    "Subject",
    "Unsuspicious",
    "Witness",
    "bounded_scar",
    "classifier_prior",
    "dense_block",
    "dense_block_conduct",
    "dense_blocks",
    "discount",
    "embedded_ties",
    "fuse",
    "gang",
    "label_prior",
    "low_trust_followers",
    "mutual_ties",
    "propagation",
    "returned_followers",
    "rotating_seeds",
    "spread",
    "sybilscar",
    "unreturned_follows",
    "unsuspicious",
]
