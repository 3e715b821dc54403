"""Strategies as people and programs write them: TOML files and JSON documents with the same fields.

A field that is left out is as in ``balanced``; ``weights`` is one field. Nothing unknown is passed over: a misspelt
field would give scores that nobody meant.
"""

import json
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from guanxi.engine.options import Strategy
from guanxi.errors import FieldError, FileFormatError, ParameterError
from guanxi.events.parsing import MAX_ID_BYTES
from guanxi.local_trust import SPEAKING, Distrust, IdentityOptions, RelationWeight
from guanxi.schema import load_model

MAX_DESCRIPTION = 1000
_OF_WEIGHT = ("weight", "half_life_days")
_OF_DISTRUST = ("cap", "weights")
_REQUIRED = ("name", "version")
_SHOWN = 80


def strategy_of(document: object) -> Strategy:
    """Return the strategy that a parsed document describes.

    Raises
    ------
    FieldError
        If a field is unknown, missing, of another type or out of range. The message begins with the field.

    Examples
    --------
    >>> strategy_of({"name": "near", "version": 2, "restart": 0.5}).label
    'near@2'
    >>> strategy_of({"name": "near", "version": 2, "restrat": 0.5})
    Traceback (most recent call last):
    guanxi.errors.FieldError: restrat is no field here; allowed are name, version, description, restart, seeds,
    attribution_days, discounts, distrust, identity, topic, weights
    """
    table = _table(document, _READERS)
    for name in _REQUIRED:
        if name not in table:
            raise _refused("is missing; a strategy has a name and a version, whole and at least 1", name)
    values = {name: _READERS[name](value, name) for name, value in table.items()}
    try:
        return Strategy(**values)
    except ParameterError as exc:  # its messages begin with the field
        raise FieldError(str(exc), str(exc).split()[0]) from exc


def read_strategy(path: Path) -> Strategy:
    """Read the strategy in a TOML file.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or ``strategy_of`` refuses what it says.
    """
    try:
        return strategy_of(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as exc:
        raise FileFormatError(f"{path}: {exc.strerror}") from exc
    except ParameterError as exc:
        raise FileFormatError(f"{path}: {exc}") from exc
    except ValueError as exc:  # not UTF-8, or not TOML
        raise FileFormatError(f"{path}: is not a TOML file: {exc}") from exc


def as_document(strategy: Strategy) -> dict[str, Any]:
    """A strategy as a document; ``strategy_of`` reads it back."""
    parameters = strategy.parameters()
    parameters["weights"] = _ordered(parameters["weights"])
    distrust = parameters.setdefault("distrust", False)  # left out it would be as in balanced, where it is on
    parameters.setdefault("identity", False)
    if distrust:
        parameters["distrust"] = {"cap": distrust["cap"], "weights": _ordered(distrust["weights"])}
    ordered = {name: parameters[name] for name in _READERS if name in parameters}
    return {"name": strategy.name, "version": strategy.version, "description": strategy.description} | ordered


def _ordered(weights: dict[str, Any]) -> dict[str, Any]:
    return {name: weights[name] for name in load_model().relations if name in weights}


def as_toml(strategy: Strategy) -> str:
    """A strategy as the text of a TOML file; ``read_strategy`` reads it back."""
    document = as_document(strategy)
    weights = document.pop("weights")
    lines = [f"{name} = {_toml(value)}" for name, value in document.items()]
    return "\n".join([*lines, "", "[weights]", *(f"{name} = {_toml(of)}" for name, of in weights.items())]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(of)}" for name, of in value.items() if of is not None) + " }"
    return repr(value)


# -- reading one field: the value, and where it stands ----------------------------------------------------------------


def _refused(detail: str, *path: str) -> FieldError:
    return FieldError(f"{'.'.join(path)} {detail}" if path else f"the strategy {detail}", *path)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _table(value: object, known: Collection[str], *path: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _refused(f"is {_shown(value)}, not a table of {', '.join(known)}", *path)
    for name in value:
        if name not in known:
            raise _refused(f"is no field here; allowed are {', '.join(known)}", *path, str(name)[:_SHOWN])
    return value


def _text(value: object, *path: str) -> str:
    if not isinstance(value, str):
        raise _refused(f"is {_shown(value)}, not text", *path)
    return value


def _description(value: object, *path: str) -> str:
    text = " ".join(_text(value, *path).split())
    if len(text) > MAX_DESCRIPTION or not text.isprintable():
        raise _refused(f"is {_shown(text)}, not at most {MAX_DESCRIPTION} printable characters", *path)
    return text


def _whole(value: object, *path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused(f"is {_shown(value)}, not a whole number", *path)
    return value


def _number(value: object, *path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"is {_shown(value)}, not a number", *path)
    try:
        return float(value)
    except OverflowError:
        raise _refused("has too many digits", *path) from None


def _number_or_none(value: object, *path: str) -> float | None:
    return None if value is None else _number(value, *path)


def _flag(value: object, *path: str) -> bool:
    if not isinstance(value, bool):
        raise _refused(f"is {_shown(value)}, not true or false", *path)
    return value


def _seeds(value: object, *path: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _refused(f"is {_shown(value)}, not a list of account ids", *path)
    for seed in value:
        if not isinstance(seed, str) or not seed.isprintable() or not 0 < len(seed.encode()) <= MAX_ID_BYTES:
            raise _refused(f"hold {_shown(seed)}, not text of 1 to {MAX_ID_BYTES} bytes", *path)
    return tuple(sorted(set(value)))


def _weights(value: object, *path: str) -> dict[str, RelationWeight]:
    return _weights_among(load_model().relations, value, *path)


def _weights_among(known: Collection[str], value: object, *path: str) -> dict[str, RelationWeight]:
    return {name: _weight(of, *path, name) for name, of in _table(value, known, *path).items()}


def _distrust(value: object, *path: str) -> Distrust | None:
    """False turns it off; in a table, what is left out is as in ``balanced``."""
    if value is False:
        return None
    if not isinstance(value, dict):
        raise _refused(f"is {_shown(value)}, not false or a table of {', '.join(_OF_DISTRUST)}", *path)
    table, usual = _table(value, _OF_DISTRUST, *path), Distrust()
    cap = _number(table["cap"], *path, "cap") if "cap" in table else usual.cap
    weights = usual.weights
    if "weights" in table:
        weights = _weights_among(SPEAKING, table["weights"], *path, "weights")
    try:
        return Distrust(weights, cap)
    except ParameterError as exc:  # its messages begin with the field
        raise FieldError(f"{'.'.join(path)}.{exc}", *path, str(exc).split()[0]) from exc


def _weight(value: object, *path: str) -> RelationWeight:
    table = {name: of for name, of in _table(value, _OF_WEIGHT, *path).items() if of is not None}
    if "weight" not in table:
        raise _refused("is missing; 0 leaves the relation type out", *path, "weight")
    numbers = {name: _number(of, *path, name) for name, of in table.items()}
    try:
        return RelationWeight(**numbers)
    except ParameterError as exc:  # its messages begin with the field
        raise FieldError(f"{'.'.join(path)}.{exc}", *path, str(exc).split()[0]) from exc


def _identity(value: object, *path: str) -> IdentityOptions | None:
    """False turns it off; in a table, what is left out is as in ``balanced``."""
    if value is False:
        return None
    if not isinstance(value, dict):
        raise _refused(f"is {_shown(value)}, not false or a table of {', '.join(_OF_IDENTITY)}", *path)
    table = _table(value, _OF_IDENTITY, *path)
    try:
        return IdentityOptions(**{name: _OF_IDENTITY[name](of, *path, name) for name, of in table.items()})
    except FieldError:
        raise
    except ParameterError as exc:  # its messages begin with the field
        raise FieldError(f"{'.'.join(path)}.{exc}", *path, str(exc).split()[0]) from exc


def _proofs(value: object, *path: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _refused(f"is {_shown(value)}, not a list of proofs", *path)
    return tuple(_text(proof, *path) for proof in value)


_OF_IDENTITY: Mapping[str, Callable[..., Any]] = {"proofs": _proofs, "confidence": _number, "most_accounts": _whole}
_READERS: Mapping[str, Callable[..., Any]] = {
    "name": _text,
    "version": _whole,
    "description": _description,
    "restart": _number,
    "seeds": _seeds,
    "attribution_days": _number,
    "discounts": _flag,
    "distrust": _distrust,
    "identity": _identity,
    "topic": _number_or_none,
    "weights": _weights,
}
"""Every field of a document; a part that is added to ``Strategy`` is read once its reader stands here."""
