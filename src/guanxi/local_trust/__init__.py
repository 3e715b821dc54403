"""From relations to the weight that one account's events give to another, before anything propagates."""

from guanxi.local_trust.distrust import (
    SPEAKING,
    Against,
    Distrust,
    default_distrust,
    once_each,
    said_by_actors,
    statements_against,
)
from guanxi.local_trust.evidence import Actions, Setting, evidence, local_trust, trust_row
from guanxi.local_trust.identities import Identities, contracted, contracted_row
from guanxi.local_trust.identity_links import IdentityOptions, Links, Verdict, proof_words
from guanxi.local_trust.topics import TopicEvidence, Topics
from guanxi.local_trust.weights import RelationWeight, Weights, decay, default_weights, last_actions, speaks_for

__all__ = [
    "SPEAKING",
    "Actions",
    "Against",
    "Distrust",
    "Identities",
    "IdentityOptions",
    "Links",
    "RelationWeight",
    "Setting",
    "TopicEvidence",
    "Topics",
    "Verdict",
    "Weights",
    "contracted",
    "contracted_row",
    "decay",
    "default_distrust",
    "default_weights",
    "evidence",
    "last_actions",
    "local_trust",
    "once_each",
    "proof_words",
    "said_by_actors",
    "speaks_for",
    "statements_against",
    "trust_row",
]
