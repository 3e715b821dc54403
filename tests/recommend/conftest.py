"""A scene: a graph, its trust and interactions, and one viewer of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

import reference_graph as reference
from guanxi.local_trust import Actions, Setting, default_weights, local_trust
from guanxi.recommend import Interactions, ItemWeights, Viewer, item_prior, trusted_circle
from guanxi.recommend.accounts import Standing
from guanxi.trust import eigentrust, personal_trust
from strategies import MODEL, snapshot_of, table


@dataclass
class Scene:
    """Everything that a recommendation is made from, below the engine."""

    rows: list
    viewer_id: str
    discount_of: object = None

    @cached_property
    def snapshot(self):
        return snapshot_of(self.rows)

    @property
    def viewer_index(self):
        return self.snapshot.accounts.find(self.viewer_id)

    @cached_property
    def graph(self):
        return local_trust(self.snapshot, Setting.of(self.snapshot, default_weights(MODEL)))

    @cached_property
    def discount(self):
        n = self.snapshot.n_accounts
        return np.ones(n) if self.discount_of is None else np.array([self.discount_of(i) for i in range(n)])

    @cached_property
    def personal(self):
        return personal_trust(self.graph, self.viewer_index, discount=self.discount)

    @cached_property
    def global_trust(self):
        return eigentrust(self.graph, self.discount, discount=self.discount)

    @cached_property
    def standing(self):
        return Standing(self.graph, self.personal, self.global_trust)

    @cached_property
    def n_items(self):
        return len(self.snapshot.ids.get("item", ()))

    @cached_property
    def interactions(self):
        actions = Actions.of_all(self.snapshot)
        return Interactions.of(actions, self.n_items, weights=ItemWeights(), as_of=self.snapshot.as_of)

    @cached_property
    def prior(self):
        return item_prior(self.interactions, self.global_trust)

    def targets(self, name, kind="account"):
        relation = self.snapshot.relation(name, kind)
        return relation.targets[relation.rows_of(self.viewer_index)]

    @cached_property
    def viewer(self):
        """The viewer as the engine would make it."""
        circle = trusted_circle(self.personal.scores, self.viewer_index, self.discount).without(self.targets("block"))
        owned, weights = self.interactions.items_of(self.viewer_index)
        own = [self.targets(name) for name in ("follow", "trust", "block")]
        excluded = np.unique(np.concatenate([*own, [self.viewer_index]])).astype(np.int64)
        return Viewer(self.viewer_index, circle, owned, weights, owned, excluded)

    # -- the same in ids, by the slow twin -----------------------------------------------------------------------------

    @cached_property
    def found(self):
        return reference.relations(table(self.rows))

    @cached_property
    def held(self):
        return reference.holdings(self.found, self.snapshot.as_of, likelihood={"purchase": 0.9, "share": 0.5})

    @cached_property
    def circle(self):
        blocked = set(self.targets("block").tolist())
        scores = {i: s for i, s in enumerate(self.personal.scores.tolist()) if s > 0 and i != self.viewer_index}
        kept = {self.snapshot.accounts[i]: s for i, s in scores.items() if i not in blocked}
        return {id_: score / sum(kept.values()) for id_, score in kept.items()}

    def account_ids(self, indices):
        return {self.snapshot.accounts[int(i)] for i in indices}

    def item_ids(self, indices):
        return {self.snapshot.ids["item"][int(i)] for i in indices}


@pytest.fixture(scope="session")
def scene():
    """Make a scene of rows and a viewer's id."""
    return Scene


def add_up(recommendation):
    """Check that terms and remainders add up to the score, and that the remainders are as good as nothing."""
    said = sum(term.amount for part in recommendation.components for term in part.terms)
    said += sum(part.remainder for part in recommendation.components)
    assert said == pytest.approx(recommendation.score, abs=1e-9)
    assert all(abs(part.remainder) < 1e-9 for part in recommendation.components)
    assert all(term.amount > 0 for part in recommendation.components for term in part.terms)


@pytest.fixture(scope="session")
def explained():
    """Check an explanation."""
    return add_up
