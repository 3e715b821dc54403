"""Accounts that are one actor, as runs and answers use them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from guanxi.bundle import Bundle
from guanxi.engine.options import Strategy
from guanxi.graph import TrustGraph
from guanxi.local_trust import Actions, Identities, Links, Setting, contracted, contracted_row, trust_row
from guanxi.snapshot import Relation, Snapshot
from guanxi.trust import TrustRow

if TYPE_CHECKING:
    from guanxi.engine.scoring import Run

FloatArray = npt.NDArray[np.float64]
Relations = dict[tuple[str, str], Relation]


def identities_in(snapshot: Snapshot, strategy: Strategy, standing: FloatArray) -> Identities | None:
    """Which accounts of a snapshot are one actor; None where no link makes any so."""
    if strategy.identity is None or ("identity_link", "account") not in snapshot.relations:
        return None
    links = Links.of(snapshot, strategy.identity)
    return Identities.of(links, standing) if links.linked.any() else None


def identities_of_run(bundle: Bundle) -> Identities | None:
    """What ``arrays_of`` kept."""
    if not bundle.has("identity.representative"):
        return None
    names = ("identity.representative", "identity.confidence", "first_trust")
    return Identities(*(bundle.array(name) for name in names))


def arrays_of(identities: Identities | None) -> dict[str, npt.NDArray[Any]]:
    """What a run keeps; nothing where there are no identities, so that it is the run that it was before there were."""
    if identities is None:
        return {}
    return {"identity.representative": identities.representative, "identity.confidence": identities.confidence}


def between_actors(graph: TrustGraph, snapshot: Snapshot, identities: Identities | None) -> TrustGraph:
    """Trust between actors, from trust between the accounts of a snapshot."""
    if identities is None:
        return graph
    return contracted(graph, identities, block=snapshot.relation("block", "account"))


def pre_trust_of_actors(identities: Identities, pre_trust: FloatArray, *, seeds: bool) -> FloatArray:
    """Where global trust starts: an identity counts as one account, and is a seed where one of its accounts is."""
    return np.minimum(identities.gathered(pre_trust), 1.0) if seeds else identities.only(pre_trust)


def of_every_account(run: "Run", scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Scores with those of the representatives at every member, shape of ``scores``."""
    return scores if run.identities is None else scores[run.identities.representative]


def others_of(run: "Run", index: int | None) -> dict[int, Relations]:
    """Relations of the other accounts of an account's identity, by their indices; none where it is not linked."""
    if run.identities is None or index is None:
        return {}
    others = [int(at) for at in run.identities.members(index) if at != index]
    deeds = run.snapshot.deeds.items() if others else ()
    return {at: {key: relation.take(relation.rows_of(at)) for key, relation in deeds} for at in others}


def targets_of_actor(
    identities: Identities | None,
    relations: Sequence[Relations],
    name: str,
    kind: str,
    *,
    only: Callable[[Relation], npt.NDArray[np.bool_] | None] = lambda _: None,
) -> npt.NDArray[np.uint32]:
    """Targets of one relation type, over all accounts of an actor; of accounts those that stand for them.

    ``only`` says which of the edges count; None: all.
    """
    edges = [of[name, kind] for of in relations if (name, kind) in of]
    found = [of.targets if (some := only(of)) is None else of.targets[some] for of in edges]
    targets = found[0] if len(found) == 1 else np.unique(np.concatenate([np.zeros(0, dtype=np.uint32), *found]))
    if identities is None or kind != "account":
        return targets
    return np.unique(identities.representative[targets])


def row_of_actor(
    run: "Run", index: int | None, own: Relations, others: Mapping[int, Relations], *, setting: Setting | None = None
) -> TrustRow:
    """Whom a viewer trusts whose events are newer than the run: the same bits as the next run's row.

    Events are weighed as in the run, or in another ``setting``.
    """
    n, identities = run.snapshot.n_accounts, run.identities
    account = n if index is None else index
    rows = {at: _row(at, of, setting or run.setting) for at, of in {account: own, **others}.items()}
    if identities is None:
        return TrustRow(*rows[account])
    blocked = [of["block", "account"].targets for of in (own, *others.values()) if ("block", "account") in of]
    return TrustRow(
        *contracted_row(
            [(at, *rows[at]) for at in sorted(rows)],
            n if index is None else int(identities.representative[index]),
            identities,
            blocked=np.concatenate([np.zeros(0, dtype=np.uint32), *blocked]),
        )
    )


def _row(index: int, relations: Relations, setting: Setting) -> tuple[npt.NDArray[np.uint32], FloatArray]:
    targets, weights = trust_row(Actions(np.array([index], dtype=np.uint32), relations), setting)
    return targets, weights.astype(np.float64)
