"""Ranked answers with reasons that add up."""

from guanxi.recommend.accounts import AccountOptions, recommend_accounts
from guanxi.recommend.actors import of_actors
from guanxi.recommend.acts import trusts_in_public
from guanxi.recommend.explanation import Component, Count, Recommendation, Term
from guanxi.recommend.interactions import (
    Interactions,
    ItemWeights,
    item_prior,
    item_rows,
    item_weights,
)
from guanxi.recommend.items import ItemOptions, recommend_items
from guanxi.recommend.viewer import Circle, Viewer, trusted_circle

__all__ = [
    "AccountOptions",
    "Circle",
    "Component",
    "Count",
    "Interactions",
    "ItemOptions",
    "ItemWeights",
    "Recommendation",
    "Term",
    "Viewer",
    "item_prior",
    "item_rows",
    "item_weights",
    "of_actors",
    "recommend_accounts",
    "recommend_items",
    "trusted_circle",
    "trusts_in_public",
]
