"""Labels of accounts: who was vetted and found honest or fake, and which of them the search for fakes starts from.

An issuer certifies an honest account and flags a fake one; a strategy's seeds count as honest. All of them are used,
unless there is a secret: then each week as many of either side are drawn anew, so that nobody can aim at them.
"""

import logging
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from guanxi.authenticity import Labels, rotating_seeds
from guanxi.authenticity.propagation import MIN_LABELS
from guanxi.engine.options import Strategy
from guanxi.snapshot import Snapshot

log = logging.getLogger("guanxi")

UNBALANCED = 10
"""So many times as many labels of one side deserve a warning: those of the other have little left to say."""

IndexArray = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def labels_of(snapshot: Snapshot, strategy: Strategy, *, secret: bytes | None = None) -> Labels:
    """Labels that the snapshot and the strategy hold; with a ``secret`` of 16 bytes or more, those of one week.

    An account that is certified and flagged at once is on neither side.
    """
    vetted = _known(snapshot, strategy)
    if not vetted.enough:
        return vetted
    _warn_unless_balanced(vetted)
    return vetted if secret is None else _of_the_week(vetted, snapshot, secret)


def _known(snapshot: Snapshot, strategy: Strategy) -> Labels:
    seeds = [index for index in map(snapshot.accounts.find, strategy.seeds) if index is not None]
    certified = snapshot.relation("certify", "account").targets
    honest = np.union1d(certified, np.array(seeds, dtype=np.int64)).astype(np.int64)
    fake = np.unique(snapshot.relation("flag", "account").targets).astype(np.int64)
    return Labels(np.setdiff1d(honest, fake), np.setdiff1d(fake, honest))


def _of_the_week(vetted: Labels, snapshot: Snapshot, secret: bytes) -> Labels:
    """Half of the smaller side, and as many of the other."""
    n_seeds = max(MIN_LABELS, min(len(vetted.honest), len(vetted.fake)) // 2)
    period = week_of(snapshot.as_of)

    def drawn(side: IndexArray) -> IndexArray:
        ids = [snapshot.accounts[int(index)] for index in side]
        return side[rotating_seeds(ids, secret=secret, period=period, n_seeds=n_seeds)]

    return Labels(drawn(vetted.honest), drawn(vetted.fake))


def week_of(as_of: int | None) -> str:
    """The ISO week of a time in microseconds since 1970.

    >>> week_of(1_700_000_000_000_000), week_of(None)
    ('2023-W46', 'undated')
    """
    if as_of is None:
        return "undated"
    year, week, _ = (_EPOCH + timedelta(microseconds=as_of)).isocalendar()
    return f"{year}-W{week:02d}"


def _warn_unless_balanced(labels: Labels) -> None:
    fewer, more = sorted((len(labels.honest), len(labels.fake)))
    if more > UNBALANCED * fewer:
        log.warning(
            "%d accounts are labelled honest and %d fake: the larger counts for no more than the smaller, of which "
            "more labels would help",
            len(labels.honest),
            len(labels.fake),
        )
