"""Named, versioned parameter sets: those that come with Guanxi, as TOML files beside this one, and those of a store."""

from guanxi.engine.strategies.documents import as_document, as_toml, read_strategy, strategy_of
from guanxi.engine.strategies.library import Listed, described, find, is_known, keep, listed, shipped, versions_of

__all__ = [
    "Listed",
    "as_document",
    "as_toml",
    "described",
    "find",
    "is_known",
    "keep",
    "listed",
    "read_strategy",
    "shipped",
    "strategy_of",
    "versions_of",
]
