"""Answers about identities, as functions over a view: which accounts are one actor, which links were left out and why.

Identity links are not public. An answer names linked accounts to one of them, or to whoever runs the store; everybody
else gets a number, and that from ``k`` up.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from guanxi.engine.newer import Present
from guanxi.engine.privacy import Privacy
from guanxi.events.values import isoformat
from guanxi.local_trust import IdentityOptions, Links, Verdict, proof_words
from guanxi.recommend import Recommendation, Term
from guanxi.recommend.ranking import check_limit
from guanxi.snapshot import NO_INDEX, NO_TIME

if TYPE_CHECKING:
    from guanxi.engine.scoring import Run
    from guanxi.engine.view import View

Answer = dict[str, Any]
OFF = "off"
"""What became of every link where the strategy merges no accounts."""


def identities(view: "View", *, limit: int = 10) -> tuple[Answer, Answer]:
    """The identities with several accounts, the most trusted first, and the links that were left out: data and meta.

    At most ``limit`` of either are listed. For whoever runs the store: it names accounts that are linked.
    """
    check_limit(limit)
    run, links = view.run, links_of(view.run)
    left_out = np.flatnonzero(~links.linked) if _merges(run) else np.arange(len(links))
    homes = [] if run.identities is None else np.unique(run.identities.representative[run.identities.joined]).tolist()
    ranked = sorted(homes, key=lambda home: (-run.global_trust[home], home))
    data = {
        "rules": _rules(run.strategy.identity),
        "n_identities": len(homes),
        "n_accounts": 0 if run.identities is None else int(run.identities.joined.sum()),
        "n_links": counts(run, links),
        "identities": [
            {"accounts": _accounts(view, home), "global_trust": float(run.global_trust[home])}
            for home in ranked[:limit]
        ],
        "left_out": [_link(view, links, at) for at in left_out[:limit].tolist()],
    }
    return data, view.meta(personalised=False)


def identity(view: "View", account: str) -> tuple[Answer, Answer]:
    """The identity of one account, with every link of its accounts: data and meta. For the account itself.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the account.
    """
    index, links = view.snapshot.accounts.index(account), links_of(view.run)
    members = _members(view.run, index)
    about = np.flatnonzero(np.isin(links.first, members) | np.isin(links.second, members))
    home = view.run.actor(index)
    data = {
        "account": account,
        "rules": _rules(view.run.strategy.identity),
        "representative": view.snapshot.accounts[home],
        "accounts": _accounts(view, home),
        "links": [_link(view, links, at) for at in about.tolist()],
    }
    return data, view.meta(personalised=False)


def linked_with(run: "Run", privacy: Privacy, viewer: str, account: int) -> Answer | None:
    """What an answer to a viewer says of the accounts that one account is linked with; None where it is alone.

    To a viewer that is one of them, their names; to others, how many there are.
    """
    others = [at for at in _members(run, account) if at != account]
    if not others:
        return None
    names = run.snapshot.accounts
    if run.snapshot.accounts.find(viewer) in (account, *others):
        return {"accounts": [names[at] for at in others]}
    return privacy.number(len(others), public=False)


def known_as(present: Present, actor: int) -> int:
    """By which of its accounts a viewer knows an actor: one that the viewer names itself, else the representative.

    A list that named another would tell the viewer that the two are one.
    """
    if present.identities is None or not present.identities.joined[actor]:
        return actor
    members = present.identities.members(actor)
    known = members[np.isin(members, np.concatenate([_NOTHING, *_named(present)]))]
    return actor if actor in known or not len(known) else int(known[0])


def discreet(found: Recommendation, present: Present) -> Recommendation:
    """The same with no name in its terms by which the viewer does not know an actor: that would give its link away."""
    if present.identities is None:
        return found
    parts = tuple(
        replace(part, terms=tuple(_discreet(term, present) for term in part.terms)) for part in found.components
    )
    return replace(found, components=parts)


def _discreet(term: Term, present: Present) -> Term:
    if term.account is None or term.account == present.index or known_as(present, term.account) == term.account:
        return term
    return replace(term, code="trusted_accounts_unnamed", account=None, n=1)


_NOTHING = np.zeros(0, dtype=np.uint32)


def _named(present: Present) -> Iterator[npt.NDArray[np.uint32]]:
    """Accounts that speak through the viewer's own events."""
    for (name, kind), relation in present.relations.items():
        if name in ("follow", "trust") and kind == "account":
            yield relation.targets
        if relation.via is not None:
            yield relation.via[relation.via != NO_INDEX]


def links_of(run: "Run") -> Links:
    """The links of a run's snapshot, judged by its strategy; by the usual rules where that merges no accounts."""
    return Links.of(run.snapshot, run.strategy.identity or IdentityOptions())


def counts(run: "Run", links: Links) -> dict[str, int]:
    """How many links had which verdict; only those that some had."""
    if not _merges(run):
        return {OFF: len(links)} if len(links) else {}
    numbers = np.bincount(links.verdict, minlength=len(Verdict)).tolist()
    return {_word(verdict): numbers[verdict] for verdict in Verdict if numbers[verdict]}


def _merges(run: "Run") -> bool:
    return run.strategy.identity is not None


def _rules(options: IdentityOptions | None) -> Answer | None:
    if options is None:
        return None
    return {
        "proofs": list(options.proofs),
        "confidence": options.confidence,
        "most_accounts": options.most_accounts,
    }


def _members(run: "Run", index: int) -> list[int]:
    return [index] if run.identities is None else run.identities.members(index).tolist()


def _accounts(view: "View", home: int) -> list[Answer]:
    """The accounts of an identity, the representative first."""
    found, names = view.run.identities, view.snapshot.accounts
    members = sorted(_members(view.run, home), key=lambda at: (at != home, at))
    return [{"id": names[at], "confidence": 1.0 if found is None else float(found.confidence[at])} for at in members]


def _link(view: "View", links: Links, at: int) -> Answer:
    names, words = view.snapshot.accounts, {number: word for word, number in proof_words().items()}
    expires = int(links.expires[at])
    return {
        "accounts": [names[int(links.first[at])], names[int(links.second[at])]],
        "verdict": _word(Verdict(links.verdict[at])) if _merges(view.run) else OFF,
        "proof": words.get(int(links.proof[at])),
        "mutual": bool(links.mutual[at]),
        "confidence": float(links.confidence[at]),
        "expires": None if expires == NO_TIME else isoformat(expires),
    }


def _word(verdict: Verdict) -> str:
    return verdict.name.lower()
