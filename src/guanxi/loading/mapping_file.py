"""Mappings as people write them: flags like ``source=truster``, and TOML files."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from guanxi.errors import FileFormatError, ParameterError
from guanxi.events import FIELDS
from guanxi.loading.mapping import FileMapping

_TABLES = ("file", "mapping")
_KEYS = ("match", "columns", "set", "properties", "time_format", "encoding", "delimiter", "symmetric")


def parse_pairs(flag: str, pairs: Sequence[str]) -> dict[str, str]:
    """Read the values of a repeated flag, each ``FIELD=SOMETHING``.

    Raises
    ------
    ParameterError
        If a pair has no ``=``, names an unknown field, says nothing, or names a field twice.

    Examples
    --------
    >>> parse_pairs("--column", ["source=truster", "target=trustee"])
    {'source': 'truster', 'target': 'trustee'}
    """
    parsed: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not value:
            raise ParameterError(f"{flag} {pair!r} is not of the form FIELD=VALUE, such as {flag} source=user")
        if name not in FIELDS:
            raise ParameterError(f"{flag} {pair!r}: field {name!r} is not one of {', '.join(FIELDS)}")
        if name in parsed:
            raise ParameterError(f"{flag} names {name} twice: {parsed[name]!r} and {value!r}")
        parsed[name] = value
    return parsed


def read_mapping_file(path: str | Path) -> tuple[FileMapping, ...]:
    """Read a TOML file with one or several ``[[file]]`` tables; the first whose pattern matches a file counts.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or says something that a mapping cannot say.
    """
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise FileFormatError(f"{path}: {exc.strerror}") from exc
    except ValueError as exc:  # not UTF-8, or not TOML
        raise FileFormatError(f"{path}: is not a TOML file: {exc}") from exc
    _refuse_unknown(f"{path}", document, _TABLES)
    tables = [(name, table) for name in _TABLES for table in _as_tables(path, name, document.get(name, []))]
    if not tables:
        raise FileFormatError(f"{path}: has no [[file]] table")
    return tuple(_mapping(f"{path}: [[{name}]] {number}", table) for number, (name, table) in enumerate(tables, 1))


def _as_tables(path: str | Path, name: str, value: object) -> list[dict[str, Any]]:
    tables = [value] if isinstance(value, dict) else value
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise FileFormatError(f"{path}: {name} is {value!r}, not a [[{name}]] table")
    return tables


def _mapping(where: str, table: dict[str, Any]) -> FileMapping:
    _refuse_unknown(where, table, _KEYS)
    options: dict[str, Any] = {
        key: _of_type(where, key, table[key], bool if key == "symmetric" else str)
        for key in ("match", "time_format", "encoding", "delimiter", "symmetric")
        if key in table
    }
    options["columns"] = _texts(where, "columns", table.get("columns", {}))
    options["constants"] = _texts(where, "set", table.get("set", {}))
    names = _of_type(where, "properties", table.get("properties", []), list)
    options["properties"] = tuple(_of_type(where, "properties", name, str) for name in names)
    try:
        return FileMapping(**options)
    except ParameterError as exc:
        raise FileFormatError(f"{where}: {exc}") from exc


def _texts(where: str, key: str, table: object) -> dict[str, str]:
    """Field names with texts; a number stands for its digits, a truth value for nothing."""
    texts: dict[str, str] = {}
    for name, value in _of_type(where, key, table, dict).items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FileFormatError(f"{where}: {key}.{name} is {value!r}, not text or a number")
        texts[name] = str(value)
    return texts


def _of_type(where: str, key: str, value: object, type_: type) -> Any:  # noqa: ANN401 - an instance of ``type_``
    if not isinstance(value, type_):
        names = {str: "text", bool: "true or false", list: "a list of column names", dict: "a table"}
        raise FileFormatError(f"{where}: {key} is {value!r}, not {names[type_]}")
    return value


def _refuse_unknown(where: str, table: dict[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise FileFormatError(f"{where}: key {key!r} is not one of {', '.join(known)}")
