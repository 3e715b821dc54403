"""From relations to the weight that one account's events give to another, before anything propagates."""

from guanxi.local_trust.evidence import Actions, Setting, evidence, local_trust, trust_row
from guanxi.local_trust.weights import RelationWeight, Weights, decay, default_weights, last_actions

__all__ = [
    "Actions",
    "RelationWeight",
    "Setting",
    "Weights",
    "decay",
    "default_weights",
    "evidence",
    "last_actions",
    "local_trust",
    "trust_row",
]
