"""Who is trusted, by everyone and by one viewer: pure functions on a ``TrustGraph``, one algorithm per file."""

from guanxi.trust.carriers import Carriers, carriers
from guanxi.trust.confidence import (
    confidence,
    influence,
    personal_voices_for,
    standing,
    voices_against,
    voices_for,
)
from guanxi.trust.distrust import Reports, Voices
from guanxi.trust.earned import earned
from guanxi.trust.eigentrust import eigentrust
from guanxi.trust.inflow import OUTSIDE, Inflow, inflow
from guanxi.trust.pagerank import pagerank
from guanxi.trust.pairwise import PairwiseModel, PairwiseTrust, Statements, fit_pairwise
from guanxi.trust.personal import PersonalTrust, personal_trust
from guanxi.trust.push import Push, Routes, TopTrust
from guanxi.trust.row import TrustRow
from guanxi.trust.topical import TopicTrust, topic_trust
from guanxi.trust.walks import Walk, Walks, walks

__all__ = [
    "OUTSIDE",
    "Carriers",
    "Inflow",
    "PairwiseModel",
    "PairwiseTrust",
    "PersonalTrust",
    "Push",
    "Reports",
    "Routes",
    "Statements",
    "TopTrust",
    "TopicTrust",
    "TrustRow",
    "Voices",
    "Walk",
    "Walks",
    "carriers",
    "confidence",
    "earned",
    "eigentrust",
    "fit_pairwise",
    "inflow",
    "influence",
    "pagerank",
    "personal_trust",
    "personal_voices_for",
    "standing",
    "topic_trust",
    "voices_against",
    "voices_for",
    "walks",
]
