"""API keys: made from 256 random bits, shown once, kept as SHA-256, compared in constant time."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from typing import Literal

from guanxi.errors import ParameterError
from guanxi.stores import ApiKey, GraphStore

Scope = Literal["read", "ingest", "vet", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "ingest", "vet", "admin")
MAX_LABEL = 100

_PREFIX_LENGTH = 8
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # nothing that is misread
_FORM = re.compile(rf"gx_([{_ALPHABET}]{{{_PREFIX_LENGTH}}})_[A-Za-z0-9_-]{{43}}")
_NOBODY = bytes(32)


def new_key(*, scopes: Iterable[str], label: str, now_us: int) -> tuple[str, ApiKey]:
    """Make a key: its secret text, which is kept nowhere, and the record to keep.

    Parameters
    ----------
    scopes : iterable of str
        Some of ``SCOPES``, at least one; ``admin`` implies the others.
    label : str
        Who or what it is for; at most ``MAX_LABEL`` printable characters.
    now_us : int
        The present, in microseconds since 1970.

    Raises
    ------
    ParameterError
        If a scope is unknown, there is none, or the label is too long or has control characters.

    Examples
    --------
    >>> secret, key = new_key(scopes=["read"], label="shop", now_us=0)
    >>> secret.startswith(f"gx_{key.prefix}_"), key.scopes
    (True, ('read',))
    >>> find_key(secret, [key]) is key, find_key(secret[:-1], [key])
    (True, None)
    """
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown or not wanted:
        found = repr(unknown[0]) if unknown else "missing"
        raise ParameterError(f"the scope of a key is {found}, not one of {', '.join(SCOPES)}")
    if len(label) > MAX_LABEL or not label.isprintable():
        raise ParameterError(
            f"the label of a key is {label[:MAX_LABEL]!r}, not at most {MAX_LABEL} printable characters"
        )
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(_PREFIX_LENGTH))
    secret = f"gx_{prefix}_{secrets.token_urlsafe(32)}"
    ordered = tuple(scope for scope in SCOPES if scope in wanted)
    return secret, ApiKey(prefix, _digest(secret), ordered, label, now_us)


def create_key(store: GraphStore, *, scopes: Iterable[str], label: str, now_us: int) -> tuple[str, ApiKey]:
    """Make a key as ``new_key`` does and keep it in a store."""
    secret, key = new_key(scopes=scopes, label=label, now_us=now_us)
    store.add_key(key)
    return secret, key


def find_key(presented: str, keys: Iterable[ApiKey]) -> ApiKey | None:
    """The key that a text is the secret of, or None; a revoked key is none."""
    found = _FORM.fullmatch(presented)
    prefix = found[1] if found else ""
    named = next((key for key in keys if key.prefix == prefix and key.revoked_us is None), None)
    same = hmac.compare_digest(_digest(presented), named.sha256 if named else _NOBODY)
    return named if same else None


def same_secret(presented: str, secret: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how far they agree."""
    return hmac.compare_digest(_digest(presented), _digest(secret))


def allows(scopes: Collection[str], needed: str) -> bool:
    """Whether a caller with these scopes may do what needs one."""
    return needed in scopes or "admin" in scopes


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
