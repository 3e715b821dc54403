"""The commands on API keys."""

import time
from collections.abc import Sequence

from guanxi.cli.output import console, print_json, say, table
from guanxi.engine import Engine
from guanxi.engine.keys import create_key
from guanxi.errors import ConflictError, ParameterError
from guanxi.events.values import isoformat
from guanxi.stores import ApiKey


def create(engine: Engine, scopes: Sequence[str], *, label: str, as_json: bool) -> None:
    """Make a key and show its secret, the only time that it is shown."""
    secret, key = create_key(engine.store, scopes=scopes, label=label, now_us=_now_us())
    if as_json:
        print_json({"data": {"key": secret, **_row(key)}})
        return
    say(f"Key {key.prefix} for {', '.join(key.scopes)}; it is not kept and cannot be shown again:")
    console().print(secret, soft_wrap=True, highlight=False)


def show_all(engine: Engine, *, as_json: bool) -> None:
    """List the keys, without secrets."""
    found = [_row(key) for key in _kept(engine)]
    if as_json:
        print_json({"data": found})
        return
    rows = [(r["prefix"], ", ".join(r["scopes"] or ()), r["label"], r["created"], r["revoked"] or "–") for r in found]
    console().print(table("API keys", ("prefix", "scopes", "label", "created", "revoked"), rows))
    if not rows:
        say("There are none; `guanxi keys create --scope read` makes one.")


def revoke(engine: Engine, prefix: str, *, as_json: bool) -> None:
    """Revoke a key.

    Raises
    ------
    ParameterError
        If no key has this prefix.
    ConflictError
        If the key was revoked before.
    """
    done = engine.store.revoke_key(prefix, now_us=_now_us())
    key = next((key for key in _kept(engine) if key.prefix == prefix), None)
    if key is None:
        raise ParameterError(f"prefix is {prefix!r}, not that of a key; `guanxi keys list` shows them")
    row = _row(key)
    if not done:
        raise ConflictError(f"key {prefix} was revoked before, on {row['revoked']}")
    if as_json:
        print_json({"data": row})
        return
    say(f"Revoked {prefix}.")


def _kept(engine: Engine) -> list[ApiKey]:
    read = engine.store.keys
    return read()


def _row(key: ApiKey) -> dict[str, str | list[str] | None]:
    return {
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "label": key.label,
        "created": isoformat(key.created_us),
        "revoked": None if key.revoked_us is None else isoformat(key.revoked_us),
    }


def _now_us() -> int:
    return time.time_ns() // 1000
