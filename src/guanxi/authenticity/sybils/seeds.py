"""Which labelled accounts serve as seeds in a period: a secret choice that changes with every period.

Whoever knows the seeds can aim at them. A keyed hash chooses them anew: the same for everybody who holds the secret,
and not to be told from chance by anybody who does not, even after seeing the seeds of all earlier periods.
"""

import hashlib
import hmac
from collections.abc import Sequence

import numpy as np

from guanxi.authenticity.sybils.checks import Indices
from guanxi.errors import ParameterError

MIN_SECRET_BYTES = 16

_DOMAIN = b"guanxi sybil seeds 1"


def rotating_seeds(account_ids: Sequence[str], *, secret: bytes, period: str, n_seeds: int) -> Indices:
    """Choose the seeds of one period among labelled accounts.

    Every account gets ``HMAC-SHA256(secret, period and account id)``; the ``n_seeds`` smallest are chosen. Choose
    among the honest and among the fake accounts apart, and as many of each: labels must be balanced.

    Parameters
    ----------
    account_ids : sequence of str
        Ids of the accounts to choose among, each once; their order does not matter to who is chosen.
    secret : bytes
        At least 16 bytes that nobody can guess.
    period : str
        Name of the period, such as ``"2026-W30"``; not empty. Time is the caller's business.
    n_seeds : int
        How many to choose, from 1 to as many as there are.

    Returns
    -------
    numpy.ndarray, shape (n_seeds,), int64
        Positions in ``account_ids``, in increasing order.

    Raises
    ------
    ParameterError
        If an id repeats, the secret is short, the period is empty, or ``n_seeds`` is out of range. The message does
        not hold the secret.

    Examples
    --------
    >>> ids = [f"account-{i}" for i in range(1000)]
    >>> secret = bytes(range(32))
    >>> this_week, next_week = (
    ...     rotating_seeds(ids, secret=secret, period=week, n_seeds=100) for week in ("2026-W30", "2026-W31")
    ... )
    >>> len(this_week), len(set(this_week) & set(next_week)) < 30
    (100, True)
    """
    _check(account_ids, secret, period, n_seeds)
    digests = [_digest(secret, period, account_id) for account_id in account_ids]
    chosen = sorted(range(len(digests)), key=digests.__getitem__)[:n_seeds]
    return np.array(sorted(chosen), dtype=np.int64)


def _digest(secret: bytes, period: str, account_id: str) -> bytes:
    # The length keeps period and id apart: ("a", "bc") is not ("ab", "c").
    name = period.encode()
    message = b"".join([_DOMAIN, len(name).to_bytes(8, "big"), name, account_id.encode()])
    return hmac.digest(secret, message, hashlib.sha256)


def _check(account_ids: Sequence[str], secret: bytes, period: str, n_seeds: int) -> None:
    if not isinstance(secret, bytes) or len(secret) < MIN_SECRET_BYTES:
        size = f"{len(secret)} bytes" if isinstance(secret, bytes) else f"of type {type(secret).__name__}"
        raise ParameterError(f"secret is {size}, not at least {MIN_SECRET_BYTES} bytes")
    if not period:
        raise ParameterError("period is empty, so that all periods would have the same seeds")
    if len(set(account_ids)) < len(account_ids):
        raise ParameterError("account_ids holds an id twice")
    if isinstance(n_seeds, bool) or not isinstance(n_seeds, int) or not 1 <= n_seeds <= len(account_ids):
        raise ParameterError(f"n_seeds is {n_seeds!r}, not in 1..{len(account_ids)} (labelled accounts)")
