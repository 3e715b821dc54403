"""Which column of a file gives which field of an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType

from guanxi.errors import FileFormatError, ParameterError
from guanxi.events import FIELDS
from guanxi.loading.encodings import check_encoding

REQUIRED = ("relation", "source", "target")

ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("event_id",),
        "relation": ("type", "relation_type", "event_type", "action"),
        "source": ("user", "user_id", "from", "follower", "account", "account_id", "truster"),
        "target": ("to", "followee", "item", "item_id", "product", "product_id", "trustee"),
        "target_kind": ("target_type",),
        "time": ("timestamp", "date", "datetime", "created_at"),
        "value": ("quantity", "rating", "amount", "weight"),
        "via": ("sharer", "referrer"),
    }
)
"""Column names that are understood without a mapping, if a file has just one of them for a field."""

_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """How to read the files whose name matches a pattern.

    Attributes
    ----------
    match : str
        Glob pattern on the file's name.
    columns : mapping of field name to column name
        Where fields stand; fields that are named nowhere are looked for by their name and its aliases.
    constants : mapping of field name to text
        Fields that are the same in every row.
    properties : tuple of str
        Columns that are kept together as a JSON object.
    time_format : str, optional
        How times are written, as in ``strptime``.
    encoding, delimiter : str, optional
        Of the text; UTF-8 (or UTF-16, if the file begins with its mark), and found in the header, unless given.
    symmetric : bool
        Whether each row holds both ways, as friendship does: it then makes two events, and ids are derived.

    Raises
    ------
    ParameterError
        If a field is unknown or named twice, or an option has a value that it cannot have.
    """

    match: str = "*"
    columns: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    constants: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    properties: tuple[str, ...] = ()
    time_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    symmetric: bool = False

    def __post_init__(self) -> None:
        for name in (*self.columns, *self.constants):
            if name not in FIELDS:
                raise ParameterError(f"field {name!r} is not one of {', '.join(FIELDS)}")
        both = sorted(self.columns.keys() & self.constants.keys())
        if both:
            raise ParameterError(f"field {both[0]} is given as a column and as a constant; give one of them")
        if self.properties and "properties" in {**self.columns, **self.constants}:
            raise ParameterError("properties are given as a list of columns and as a field; give one of them")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise ParameterError(f"delimiter is {self.delimiter!r}, not one character such as ',' ';' or a tab")
        if self.delimiter is not None and not self.delimiter.isascii():
            raise ParameterError(f"delimiter is {self.delimiter!r}, not an ASCII character")
        if self.encoding is not None:
            check_encoding(self.encoding)
        self._check_symmetric()

    def _check_symmetric(self) -> None:
        named = {"id", "retracts"} & {*self.columns, *self.constants}
        if self.symmetric and named:
            raise ParameterError(
                f"symmetric makes two events of each row, which cannot share one {min(named)}; leave {min(named)} out"
            )

    @property
    def left_out(self) -> frozenset[str]:
        """Fields that are not looked for in a file's columns."""
        return frozenset((["properties"] if self.properties else []) + (["id", "retracts"] if self.symmetric else []))

    def matches(self, file_name: str) -> bool:
        """Whether this mapping is meant for a file of this name."""
        return fnmatchcase(file_name, self.match)


@dataclass(frozen=True, slots=True)
class Layout:
    """A mapping applied to the columns that a file really has.

    Attributes
    ----------
    columns : mapping of field name to column name
        Where each field stands.
    mapping : FileMapping
        What it was made from.
    """

    columns: Mapping[str, str]
    mapping: FileMapping

    @property
    def wanted(self) -> list[str]:
        """Every column that must be read, each once."""
        return list(dict.fromkeys([*self.columns.values(), *self.mapping.properties]))

    def column_of(self, field_name: str) -> str:
        """Return the user's name of a field: the column that it stands in, or its own name."""
        return self.columns.get(field_name, field_name)


def lay_out(file: str, mapping: FileMapping, found: Sequence[str]) -> Layout:
    """Decide where each field stands in a file with these columns.

    Raises
    ------
    FileFormatError
        If a column that the mapping names is missing, a required field stands nowhere, or two columns could be meant.
    """
    for name, column in [*mapping.columns.items(), *(("properties", name) for name in mapping.properties)]:
        if column not in found:
            raise FileFormatError(f"{file}: no column {column!r} for {name}; columns found: {_listed(found)}")
    columns = dict(mapping.columns)
    for name in FIELDS:
        if not (name in columns or name in mapping.constants or name in mapping.left_out):
            guess = _guess(file, name, [column for column in found if column not in mapping.columns.values()])
            columns |= {name: guess} if guess is not None else {}
    for name in REQUIRED:
        if name not in columns and name not in mapping.constants:
            raise FileFormatError(
                f"{file}: no column for {name}; columns found: {_listed(found)}. "
                f"Name one with --column {name}=COLUMN, or set it for the whole file with --set {name}=VALUE"
            )
    return Layout(columns, mapping)


def _guess(file: str, name: str, found: Sequence[str]) -> str | None:
    """The column with the field's own name, or the only one with a name that means the same."""
    own = [column for column in found if _normal(column) == name]
    meant = own or [column for column in found if _normal(column) in ALIASES.get(name, ())]
    if len(meant) > 1:
        raise FileFormatError(
            f"{file}: {name} could be any of the columns {_listed(meant)}; choose with --column {name}={meant[0]}"
        )
    return meant[0] if meant else None


def _normal(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:50])
    return f"{shown}, and {len(columns) - 50} more" if len(columns) > 50 else shown or "none"
