"""Distrust in runs and answers: factors on finished trust values, and what stands behind them.

In a run, reporters count by the global trust that they earned; in an answer, by the viewer's trust in them. What the
viewer said in person counts fully: with the whole of their trust, which is 1, and without a cap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.bundle import Bundle
from guanxi.graph import TrustGraph
from guanxi.graph.communities import communities
from guanxi.local_trust import Actions, Against, Distrust, Identities, once_each, said_by_actors, statements_against
from guanxi.recommend import Interactions
from guanxi.snapshot import Relation, Snapshot
from guanxi.trust import Reports

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.integer[Any]]
KINDS = ("account", "item", "merchant")
"""What can be spoken against, as far as answers are touched; posts are not recommended."""

Relations = Mapping[tuple[str, str], Relation]
_FIELDS = ("targets", "offsets", "sources", "communities", "amounts", "relations")


@dataclass(frozen=True, slots=True, eq=False)
class Distrusted:
    """All statements against anybody or anything in one snapshot.

    Attributes
    ----------
    options : Distrust
        What they weigh.
    reports : mapping of kind to Reports
        Only kinds with any.
    sold : Relation
        Which merchant sells which item: a merchant's reports touch what it sells.
    as_of : int or None
        Up to when they have faded.
    identities : Identities or None
        Which accounts are one actor, with one voice.
    """

    options: Distrust
    reports: Mapping[str, Reports]
    sold: Relation
    as_of: int | None
    identities: Identities | None = None

    @classmethod
    def gather(
        cls, snapshot: Snapshot, options: Distrust | None, graph: TrustGraph, identities: Identities | None = None
    ) -> Self | None:
        """Collect them, with the communities of the reporters; None where distrust is off or there is none."""
        if options is None:
            return None
        actions = Actions.of_all(snapshot)
        said = {kind: _said(actions, kind, options, snapshot.as_of, identities) for kind in KINDS}
        said = {kind: of for kind, of in said.items() if len(of.source)}
        if not said:
            return None
        of_account = communities(graph)
        reports = {kind: Reports.of(*of, communities=of_account) for kind, of in said.items()}
        return cls(options, reports, snapshot.relation("sell", "item"), snapshot.as_of, identities)

    @classmethod
    def of_run(
        cls, snapshot: Snapshot, options: Distrust | None, bundle: Bundle, identities: Identities | None = None
    ) -> Self | None:
        """What ``arrays`` kept; without any statement where distrust is on and there was none; None where it is off."""
        if options is None:
            return None
        kept = [kind for kind in KINDS if bundle.has(f"distrust.{kind}.targets")]
        reports = {
            kind: Reports.from_arrays({name: bundle.array(f"distrust.{kind}.{name}") for name in _FIELDS})
            for kind in kept
        }
        return cls(options, reports, snapshot.relation("sell", "item"), snapshot.as_of, identities)

    def for_everybody(self, graph: TrustGraph, trust: FloatArray) -> Self:
        """The same as it counts in global answers, where reporters of one target cannot vouch for each other."""
        reports = {kind: of.unvouched(graph, trust) for kind, of in self.reports.items()}
        return replace(self, reports=reports)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What a run keeps."""
        found: dict[str, npt.NDArray[Any]] = {}
        for kind, reports in self.reports.items():
            found |= reports.arrays(f"distrust.{kind}")
        return found

    def own(self, kind: str, actor: Sequence[Relations]) -> Against:
        """What one actor said in person, from the relations of its accounts, each with the single source 0."""
        parts = [statements_against(Actions(_ONE, of), kind, self.options, as_of=self.as_of) for of in actor]
        said = Against(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        if self.identities is not None and kind == "account":
            said = said._replace(target=self.identities.representative[said.target])
        return once_each(said)

    def against_accounts(self, voices: FloatArray, trust: FloatArray, *, own: "Own | None" = None) -> FloatArray:
        """What counts against every account, in multiples of the trust that speaks for it, shape (n,)."""
        in_favour, found = trust + 1.0 / max(len(voices), 1), np.zeros(len(trust))
        _add(found, self.reports.get("account"), voices, in_favour, cap=self.options.cap, own=own)
        if own is not None:
            own.add_to(found, own.accounts, in_favour)
            if own.viewer is not None:
                found[own.viewer] = 0.0  # nobody else lowers the trust that rests on the viewer
        return found

    def against_some(self, accounts: IndexArray, voices: FloatArray, trust: FloatArray, *, own: "Own") -> FloatArray:
        """The same for some accounts, the viewer apart, whose trust is given, shape (k,)."""
        in_favour, found = trust + 1.0 / max(len(voices), 1), np.zeros(len(accounts))
        if "account" in self.reports:
            reports, cap = self.reports["account"], self.options.cap
            found = reports.against_some(accounts, voices, in_favour, cap=cap, without=own.viewer)
        own.add_to(found, own.accounts, in_favour, among=accounts)
        return found

    def against_items(self, voices: FloatArray, in_favour: FloatArray, *, own: "Own | None" = None) -> FloatArray:
        """What counts against every item, in multiples of what speaks for it, shape (n_items,).

        An item has its own reports, and the mean of those against who sells it.
        """
        found = np.zeros(len(in_favour))
        _add(found, self.reports.get("item"), voices, in_favour, cap=self.options.cap, own=own)
        if own is not None:
            own.add_to(found, own.items, in_favour)
        if len(self.sold) and ("merchant" in self.reports or (own is not None and len(own.merchants.target))):
            found += self._against_sellers(voices, in_favour, own=own)
        return found

    def _against_sellers(self, voices: FloatArray, in_favour: FloatArray, *, own: "Own | None") -> FloatArray:
        """Mean over each item's sellers of what counts against them; what speaks for a seller is its mean item."""
        merchant, item = self.sold.sources(), self.sold.targets
        n = len(self.sold.offsets) - 1
        n_sold, n_sellers = np.bincount(merchant, minlength=n), np.bincount(item, minlength=len(in_favour))
        total = np.bincount(merchant, weights=in_favour[item], minlength=n)
        favour = np.where(n_sold > 0, total / np.maximum(n_sold, 1), in_favour.mean())
        of_seller = np.zeros(n)
        _add(of_seller, self.reports.get("merchant"), voices, favour, cap=self.options.cap, own=own)
        if own is not None:
            own.add_to(of_seller, own.merchants, favour)
        summed = np.bincount(item, weights=of_seller[merchant], minlength=len(in_favour))
        return np.asarray(summed / np.maximum(n_sellers, 1), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """What the viewer said in person.

    Attributes
    ----------
    viewer : int or None
        Index of the viewer, whose statements in the run do not count a second time.
    accounts, items, merchants : Against
        As of now.
    """

    viewer: int | None
    accounts: Against
    items: Against
    merchants: Against

    def add_to(
        self, found: FloatArray, said: Against, in_favour: FloatArray, *, among: IndexArray | None = None
    ) -> None:
        """Add what was said to what counts against every target, or against those ``among`` which they are."""
        if not len(said.target):
            return
        targets, which = np.unique(said.target, return_inverse=True)
        amounts = np.bincount(which, weights=said.amount)
        every = np.arange(len(found)) if among is None else among
        at = np.minimum(np.searchsorted(targets, every), len(targets) - 1)
        there = targets[at] == every  # some may be newer than the snapshot
        found[there] += amounts[at[there]] / in_favour[there]


_ONE = np.zeros(1, dtype=np.uint32)


def _said(actions: Actions, kind: str, options: Distrust, as_of: int | None, identities: Identities | None) -> Against:
    said = statements_against(actions, kind, options, as_of=as_of)
    return said if identities is None else said_by_actors(said, identities.representative, kind=kind)


def _add(
    found: FloatArray,
    reports: Reports | None,
    voices: FloatArray,
    in_favour: FloatArray,
    *,
    cap: float,
    own: Own | None,
) -> None:
    if reports is not None:
        without = None if own is None else own.viewer
        said = reports.against(voices, in_favour[reports.targets], cap=cap, without=without)
        found[reports.targets] += said


def factor_of(against: FloatArray) -> FloatArray:
    """The factor that is left: ``1 / (1 + against)``, in (0, 1]."""
    return np.asarray(1.0 / (1.0 + against), dtype=np.float64)


def in_favour_of_items(interactions: Interactions, trust: FloatArray) -> FloatArray:
    """Trust that speaks for every item: that of its holders, times how much they hold it, and that of one on average.

    Parameters
    ----------
    trust : numpy.ndarray, shape (n_accounts,)
        That of everybody, or of one viewer in a circle; the average is over those with any.
    """
    amounts = np.repeat(trust, np.diff(interactions.offsets)) * interactions.weights
    held = np.bincount(interactions.items, weights=amounts, minlength=interactions.n_items)
    n = int((trust > 0).sum())
    return np.asarray(held + trust.sum() / max(n, 1), dtype=np.float64)
