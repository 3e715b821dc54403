"""Pairwise trust: the statement that one account would make about another, predicted from what has been said."""

from guanxi.trust.pairwise.features import TERMS
from guanxi.trust.pairwise.model import PairwiseModel, PairwiseTrust, fit_pairwise
from guanxi.trust.pairwise.statements import Statements

__all__ = ["TERMS", "PairwiseModel", "PairwiseTrust", "Statements", "fit_pairwise"]
