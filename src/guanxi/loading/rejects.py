"""Refused records as a CSV file that a spreadsheet may open."""

import csv
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True, slots=True)
class FileReject:
    """Why a record of a file was refused.

    Attributes
    ----------
    file : str
        The file.
    line : int
        Line that the record began in, from 1; the row's number in a Parquet file.
    field : str
        The column as the file calls it; empty where the whole line is meant.
    reason : str
        What is wrong with it.
    value : str
        The value, or the beginning of the line.
    """

    file: str
    line: int
    field: str
    reason: str
    value: str


class RejectWriter(AbstractContextManager["RejectWriter"]):
    """Writes rejects to a CSV file, which is made at the first of them.

    Attributes
    ----------
    count : int
        How many have been written.
    """

    def __init__(self, path: str | Path) -> None:
        self.count = 0
        self._path = Path(path)
        self._stream: TextIO | None = None
        self._rows: Any = None  # the csv module does not name the type of its writers

    def write(self, rejects: Iterable[FileReject]) -> None:
        """Append rejects."""
        for reject in rejects:
            if self._stream is None:
                self._stream = self._path.open("w", encoding="utf-8", newline="")
                self._rows = csv.writer(self._stream)
                self._rows.writerow([field.name for field in fields(FileReject)])
            self._rows.writerow([_safe(str(value)) for value in astuple(reject)])
            self.count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; it may lie in an account's id that somebody chose.

    >>> _safe("=HYPERLINK(1)"), _safe("ann")
    ("'=HYPERLINK(1)", 'ann')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text.replace("\0", "\\0")
