"""Leaders: the accounts whose trust reaches further than their followers explain, by community and topic.

An answer over a view. What it rests on takes seconds on a large graph, and is kept as long as the run is open.
"""

import weakref
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from guanxi.engine.judging import global_factors
from guanxi.engine.public_ties import public_ties
from guanxi.engine.scoring import Run
from guanxi.engine.view import Answer, View
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.graph.communities import communities
from guanxi.local_trust import Actions, Setting
from guanxi.local_trust.grounds import n_buyers_led
from guanxi.recommend import trusts_in_public
from guanxi.recommend.ranking import check_limit
from guanxi.snapshot import Snapshot
from guanxi.trust import Push, Routes
from guanxi.trust.peers import Expected, expected
from guanxi.trust.propagation import out_sums_of
from guanxi.trust.reach import Reach, reach

Label = Literal["leader", "as_expected", "merely_followed", "inauthentic", "unknown"]
SEED = 20260101
"""Of the viewers that are asked on a large graph: the same run gives the same answer."""

INAUTHENTIC = 0.5
"""Below this factor, more than half of the trust in an account is taken away as inauthentic."""

_Z = 1.645  # nine in ten samples of viewers are within so many standard errors
_N_COMMUNITIES, _N_NAMED, _N_TERMS = 10, 3, 3
_KEPT = 16  # everything, and the last few topics
_TIES = frozenset({"follow", "trust"})
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Everybody's reach in one graph, and what accounts with as many followers have.

    Attributes
    ----------
    labels : numpy.ndarray, shape (n,), uint32
        Community of every account, in trust on everything.
    n_led : numpy.ndarray, shape (n,), int64
        How many accounts bought what they came to by each account.
    kinds : numpy.ndarray, shape (n,), str
        Whether each is a leader.
    """

    graph: TrustGraph
    snapshot: Snapshot
    labels: npt.NDArray[np.uint32]
    reach: Reach
    peers: Expected
    n_led: Indices
    kinds: npt.NDArray[np.str_]

    @classmethod
    def of(cls, run: Run, topic: int | None) -> Self:
        """Work it out, for trust on everything or on one topic."""
        about = None if topic is None else run.topics.evidence(topic)
        graph, snapshot, setting = (
            (run.graph, run.snapshot, run.setting) if about is None else (about.graph, about.snapshot, about.setting)
        )
        push = run.push
        if about is not None:
            push = Push(Routes.of(graph, discount=run.discount, restart=run.strategy.restart))
        labels = communities(run.graph)
        found = reach(push, labels, weights=run.heard, rng=np.random.default_rng(SEED))
        peers = expected(graph.in_degrees, found.scores)
        kinds = _kinds(found, peers, run.discount)
        return cls(graph, snapshot, labels, found, peers, _led(run, snapshot, setting), kinds)


_known: dict[tuple[int, int | None], Field] = {}
_lock = Lock()


def field_of(run: Run, topic: int | None = None) -> Field:
    """Everybody's reach in a run; worked out once, and the last few are kept."""
    with _lock:  # it takes long: whoever asks meanwhile waits for the same
        key = id(run), topic
        if key not in _known:
            while len(_known) >= _KEPT:
                _known.pop(next(iter(_known)), None)
            _known[key] = Field.of(run, topic)
            weakref.finalize(run, _known.pop, key, None)
        return _known[key]


def leaders(
    view: View,
    *,
    community: int | None = None,
    community_of: str | None = None,
    topic: str | None = None,
    limit: int = 10,
) -> tuple[Answer, Answer]:
    """Accounts whose trust reaches furthest, and those that are followed most: data and meta.

    Parameters
    ----------
    community, community_of : int or str, optional
        Only members of a community: by its number, or by one of its accounts.
    topic : str, optional
        Trust on one topic; on everything by default.
    limit : int
        In 1..1000.

    Raises
    ------
    ParameterError
        If ``limit`` or ``community`` is out of range, or a community is given in both ways.
    UnknownIdError
        If the snapshot does not know the topic or the account.

    Notes
    -----
    See docs/leaders.md for what the numbers mean. The first answer of a run takes O(viewers + edges), others O(n).
    """
    check_limit(limit)
    run, about = view.run, None if topic is None else view.run.topics.topics.index(topic)
    member = None if community_of is None else run.actor(view.snapshot.accounts.index(community_of))
    field = field_of(run, about)
    number = _community(field, community, member)
    among = np.ones(run.graph.n, dtype=bool) if number is None else field.labels == number
    tell = _Teller(view, field, on_topic=about is not None)
    led = [tell.row(rank, a) for rank, a in enumerate(_furthest(field, among)[:limit].tolist(), start=1)]
    most = [tell.row(rank, a) for rank, a in enumerate(_most_followed(field, among)[:limit].tolist(), start=1)]
    data: Answer = {
        "community": None if number is None else {"number": number, "n_accounts": int(among.sum())},
        "topic": topic,
        "n_viewers": field.reach.n_viewers,
        "n_asked": field.reach.n_asked,
        "n_compared": int((among & ~np.isnan(field.peers.value)).sum()),
        "leaders": led,
        "most_followed": most,
        "communities": _communities(view, field) if number is None else [],
    }
    return data, view.meta(personalised=False, solver="push")


def _kinds(found: Reach, peers: Expected, discount: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """What every account is called."""
    low, high = found.scores - _Z * found.errors, found.scores + _Z * found.errors
    return np.select(
        [discount < INAUTHENTIC, np.isnan(peers.value), low > peers.high, high < peers.low],
        ["inauthentic", "unknown", "leader", "merely_followed"],
        "as_expected",
    )


def _led(run: Run, snapshot: Snapshot, setting: Setting) -> Indices:
    """How many accounts bought what they came to by each account, at the account that stands for it."""
    led = n_buyers_led(Actions.of_all(snapshot), setting, snapshot.n_accounts)
    if run.identities is None:
        return led
    return np.bincount(run.identities.representative, weights=led, minlength=len(led)).astype(np.int64)


def _community(field: Field, community: int | None, member: int | None) -> int | None:
    """Number of the community that is asked for."""
    if community is not None and member is not None:
        raise ParameterError("community and community_of are both given; name the community in one way")
    if member is not None:
        return int(field.labels[member])
    n = int(field.labels.max()) + 1 if len(field.labels) else 0
    if community is not None and not 0 <= community < n:
        raise ParameterError(f"community is {community}, not in 0..{n - 1}")
    return community


def _furthest(field: Field, among: npt.NDArray[np.bool_]) -> Indices:
    """Leaders by falling reach; everybody authentic who is reached, where there is nobody to compare with."""
    said = "unknown" if np.isnan(field.peers.value).all() else "leader"
    some = np.flatnonzero(among & (field.kinds == said) & (field.reach.scores > 0))
    return some[np.lexsort((some, -field.reach.scores[some]))]


def _most_followed(field: Field, among: npt.NDArray[np.bool_]) -> Indices:
    followers = field.graph.in_degrees
    some = np.flatnonzero(among & (followers > 0))
    return some[np.lexsort((some, -followers[some]))]


def _communities(view: View, field: Field) -> list[Answer]:
    """The largest communities of several accounts, and who leads them."""
    sizes = np.bincount(field.labels)
    best = _furthest(field, np.ones(len(field.labels), dtype=bool))
    rows = []
    for number in np.flatnonzero(sizes[:_N_COMMUNITIES] > 1).tolist():
        named = best[field.labels[best] == number][:_N_NAMED]
        ids = [view.snapshot.accounts[a] for a in named.tolist()]
        rows.append({"number": number, "n_accounts": int(sizes[number]), "leaders": ids})
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class _Teller:
    """Says what is known of an account, as far as that may be said."""

    view: View
    field: Field
    on_topic: bool

    def row(self, rank: int, a: int) -> Answer:
        """One account, with the evidence."""
        field, found, view = self.field, self.field.reach, self.view
        return {
            "rank": rank,
            "id": view.snapshot.accounts[a],
            "label": str(field.kinds[a]),
            "reach": {
                "score": float(found.scores[a]),
                "error": float(found.errors[a]),
                "expected": _number(field.peers.value[a]),
                "low": _number(field.peers.low[a]),
                "high": _number(field.peers.high[a]),
            },
            "n_trusting": int(field.graph.in_degrees[a]),
            "trust": {"of_strangers": float(found.trust[a]), "of_followers": float(found.known[a])},
            "n_strangers": float(found.effective[a]),
            "communities": {
                "own": int(field.labels[a]),
                "n": float(found.n_communities[a]),
                "own_share": float(found.home[a]),
            },
            "buyers": view.privacy.number(int(field.n_led[a]), public="purchase" in view.privacy.public),
            "authenticity_factor": float(view.run.discount[a]),
            "distrust_factor": float(global_factors(view.run, np.array([a]))[0]),
            **self._terms(a),
        }

    def _terms(self, a: int) -> Answer:
        """Who gives it trust, as parts of all that arrives; those who showed it by name, the others together."""
        sources, weights = self.field.graph.in_row(a)
        amounts = self._voices(sources) * weights
        amounts = amounts / amounts.sum() if amounts.sum() > 0 else np.zeros(len(amounts))
        order = np.lexsort((sources, -amounts))
        named = self._named(sources, a)
        shown = order[named[order]][:_N_TERMS]
        n_hidden = int((~named).sum())
        n_others = len(sources) - len(shown) - (n_hidden if n_hidden < self.view.privacy.k else 0)
        terms: list[dict[str, Any]] = [
            {"account": self.view.snapshot.accounts[int(sources[at])], "amount": float(amounts[at])} for at in shown
        ]
        return {"terms": terms, "others": {"n": n_others, "amount": float(amounts.sum() - amounts[shown].sum())}}

    def _voices(self, sources: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
        """Global trust per unit of local trust that each gives."""
        return np.asarray(self.view.run.global_trust[sources] / out_sums_of(self.field.graph, sources))

    def _named(self, sources: npt.NDArray[np.uint32], a: int) -> npt.NDArray[np.bool_]:
        """Which of those who trust an account showed it; on a topic only a share can."""
        public, run = self.view.privacy.public, self.view.run
        if self.on_topic:
            return trusts_in_public(self.field.snapshot, sources.astype(np.int64), a, public=public - _TIES)
        marks, graph = public_ties(run, public), run.graph
        places = [int(graph.offsets[u] + np.searchsorted(graph.row(u)[0], a)) for u in sources.tolist()]
        return np.asarray(marks[np.array(places, dtype=np.int64)])


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
