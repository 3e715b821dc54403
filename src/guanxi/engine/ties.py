"""The strongest relations of an account, both ways, and what each rests on: an answer over a view.

Only what was done in public can show a relation by name, so ties are weighed by public relation types alone; relations
that show in nothing public are counted, from ``k`` accounts up.
"""

import weakref
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import numpy.typing as npt

from guanxi.engine.newer import Present
from guanxi.engine.scoring import Run
from guanxi.engine.view import Answer, View
from guanxi.events.values import DAY_US, isoformat
from guanxi.graph import TrustGraph
from guanxi.local_trust import Actions, Setting, local_trust, trust_row
from guanxi.local_trust.grounds import Ground, actions_of, grounds
from guanxi.recommend.ranking import check_limit
from guanxi.trust import PersonalTrust

Indices = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]
_known: dict[tuple[int, frozenset[str]], TrustGraph] = {}
_lock = Lock()


def ties(view: View, account: str, *, limit: int = 10) -> tuple[Answer, Answer]:
    """The strongest relations of an account: data and meta.

    A tie's strength is the local trust given and received, times the other's authenticity factor.

    Raises
    ------
    UnknownIdError
        If nothing is known of the account.
    ParameterError
        If ``limit`` is not in 1..1000.

    Notes
    -----
    The first answer of a run weighs all public relations anew, which takes about as long as local trust; others take
    O(ties of the account and of those shown), and a push for each of those.
    """
    check_limit(limit)
    present = view.present(account)
    if not present.n_newer:
        view.snapshot.accounts.index(account)
    own = _Own.of(view, present)
    strength = own.strengths()
    best = np.lexsort((own.others, -strength))[:limit]
    rows = [own.row(rank, at, float(strength[at])) for rank, at in enumerate(best.tolist(), start=1)]
    hidden = view.privacy.number(own.n_hidden(), public=False)
    data = {"account": account, "n_ties": len(own.others), "ties": rows, "unnamed": hidden}
    return data, view.meta(n_newer=present.n_newer, solver="exact")


def public_setting(run: Run, public: frozenset[str]) -> Setting:
    """What evidence is weighed against, where only public relation types count."""
    return replace(run.setting, weights={name: of for name, of in run.setting.weights.items() if name in public})


def _public_graph(run: Run, public: frozenset[str]) -> TrustGraph:
    """Local trust between accounts as public relation types show it; kept as long as the run is open."""
    with _lock:
        key = id(run), public
        if key not in _known:
            _known[key] = local_trust(run.snapshot, public_setting(run, public))
            weakref.finalize(run, _known.pop, key, None)
        return _known[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """One account's ties: the other ends, and local trust given and received, shape (k,) each."""

    view: View
    present: Present
    index: int | None
    graph: TrustGraph
    setting: Setting
    personal: PersonalTrust
    others: Indices
    given: Weights
    received: Weights

    @classmethod
    def of(cls, view: View, present: Present) -> "_Own":
        graph, setting = _public_graph(view.run, view.privacy.public), public_setting(view.run, view.privacy.public)
        index = view.snapshot.accounts.find(present.id)
        nobody = (np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32))
        given = nobody if index is None else graph.row(index)
        if present.row is not None:
            given = trust_row(_actions(view, present, index), setting)
        received = nobody if index is None else graph.in_row(index)
        others = np.union1d(given[0], received[0]).astype(np.int64)
        both = [_spread(others, *side) for side in (given, received)]
        return cls(view, present, index, graph, setting, view.personal(present), others, both[0], both[1])

    def strengths(self) -> Weights:
        """Strength of every tie."""
        return np.asarray((self.given + self.received) * self.view.run.discount[self._actors(self.others)])

    def row(self, rank: int, at: int, strength: float) -> Answer:
        """One tie, as it may be shown."""
        other, given, received = int(self.others[at]), float(self.given[at]), float(self.received[at])
        actor = self.view.run.actor(other)
        theirs = actions_of(self.view.snapshot, other)
        return {
            "rank": rank,
            "id": self.view.snapshot.accounts[other],
            "label": "mutual" if given and received else "one-way, given" if given else "one-way, received",
            "strength": strength,
            "given": given,
            "received": received,
            "reciprocity": min(given, received) / max(given, received),
            "personal": {"given": float(self.personal.scores[actor]), "received": self._received(actor)},
            "authenticity_factor": float(self.view.run.discount[actor]),
            **self._shared(other),
            "given_rests_on": self._said(grounds(self._own_actions(), self.setting, other) if given else []),
            "received_rests_on": self._said(
                grounds(theirs, self.setting, self.index) if received and self.index is not None else []
            ),
        }

    def n_hidden(self) -> int:
        """How many accounts have a relation with this one that nothing public shows."""
        run, index = self.view.run, self.present.index
        given, _ = trust_row(_actions(self.view, self.present, self.index), run.setting)
        received = np.zeros(0, dtype=np.uint32) if index is None else run.graph.in_row(index)[0]
        related = np.union1d(self._actors(given.astype(np.int64)), received)
        me = [] if index is None else [index]
        return len(np.setdiff1d(related, np.append(self._actors(self.others), me)))

    def _own_actions(self) -> Actions:
        return _actions(self.view, self.present, self.index)

    def _actors(self, accounts: Indices) -> Indices:
        """The accounts that stand for some in the run."""
        identities = self.view.run.identities
        return accounts if identities is None else identities.representative[accounts].astype(np.int64)

    def _received(self, actor: int) -> float:
        """Personal trust of another account in this one, by a push."""
        index = self.present.index
        return 0.0 if index is None else float(self.view.run.push.scores(actor).scores[index])

    def _shared(self, other: int) -> Answer:
        """How many accounts have a tie with both ends: the neighbourhoods' overlap, either end apart."""
        theirs = np.union1d(self.graph.row(other)[0], self.graph.in_row(other)[0])
        ends = [other] if self.index is None else [other, self.index]
        mine, theirs = np.setdiff1d(self.others, ends), np.setdiff1d(theirs, ends)
        n_shared, n_either = len(np.intersect1d(mine, theirs)), len(np.union1d(mine, theirs))
        return {"n_shared": n_shared, "overlap": n_shared / n_either if n_either else 0.0}

    def _said(self, found: list[Ground]) -> list[Answer]:
        as_of = self.view.snapshot.as_of
        return [
            {
                "relation": ground.relation,
                "n": ground.n,
                "weight": ground.weight,
                "left": ground.weight / ground.fresh,
                "newest": None if ground.newest is None else isoformat(ground.newest),
                "age_days": None if ground.newest is None or as_of is None else (as_of - ground.newest) / DAY_US,
            }
            for ground in found
        ]


def _actions(view: View, present: Present, index: int | None) -> Actions:
    """What the account itself did, newer events included."""
    row = view.snapshot.n_accounts if index is None else index
    return Actions(np.array([row], dtype=np.uint32), present.relations)


def _spread(others: Indices, accounts: npt.NDArray[np.uint32], weights: npt.NDArray[np.float32]) -> Weights:
    """Weights at the places of some accounts among others, zero elsewhere."""
    spread = np.zeros(len(others))
    spread[np.searchsorted(others, accounts)] = weights
    return spread
