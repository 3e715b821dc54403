"""Who is trusted, by everyone and by one viewer: pure functions on a ``TrustGraph``, one algorithm per file."""

from guanxi.trust.eigentrust import eigentrust
from guanxi.trust.inflow import OUTSIDE, Inflow, inflow
from guanxi.trust.pagerank import pagerank
from guanxi.trust.pairwise import PairwiseModel, PairwiseTrust, Statements, fit_pairwise
from guanxi.trust.personal import PersonalTrust, personal_trust
from guanxi.trust.push import Push, Routes, TopTrust
from guanxi.trust.row import TrustRow

__all__ = [
    "OUTSIDE",
    "Inflow",
    "PairwiseModel",
    "PairwiseTrust",
    "PersonalTrust",
    "Push",
    "Routes",
    "Statements",
    "TopTrust",
    "TrustRow",
    "eigentrust",
    "fit_pairwise",
    "inflow",
    "pagerank",
    "personal_trust",
]
