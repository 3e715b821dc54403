"""CSV files to raw columns."""

import csv
from collections.abc import Iterator, Sequence

import numpy as np

from guanxi.errors import FileFormatError
from guanxi.loading import splitting
from guanxi.loading.batches import TOO_LONG, LineReject, RawBatch, ReadOptions, as_objects, shown
from guanxi.loading.encodings import as_utf8
from guanxi.loading.files import InputFile, opened
from guanxi.loading.lines import MAX_LINE_BYTES, line_chunks
from guanxi.loading.mapping import Layout, lay_out
from guanxi.loading.splitting import Split, split_csv

DELIMITERS = ",;\t|"
_REASONS = {
    splitting.TOO_LONG: TOO_LONG,
    splitting.NUL: "has a NUL byte",
    splitting.OPEN_QUOTE: "has a quote that is not closed",
}


def read_csv(file: InputFile, options: ReadOptions) -> Iterator[RawBatch]:
    """Read a CSV file in chunks of whole records.

    Raises
    ------
    FileFormatError
        If the file is empty, is no intact gzip data, or has a header that cannot be used.
    """
    with opened(file.path) as source:
        chunks = line_chunks(as_utf8(source.stream, file.mapping.encoding), chunk_bytes=options.chunk_bytes)
        header, line, chunk = _header(str(file.path), chunks)
        delimiter = file.mapping.delimiter or _sniffed(header)
        names = _names(str(file.path), header, delimiter)
        layout = lay_out(str(file.path), file.mapping, names)
        table = _Table(layout, names, ord(delimiter))
        unfinished = b""
        for data, final in _with_final(chunk, chunks):
            split = table.split(unfinished + data, line, final=final)
            line, unfinished = line + split.n_lines, split.chunk[split.used :]
            yield table.batch(split, source.position())


def _header(file: str, chunks: Iterator[bytes]) -> tuple[str, int, bytes]:
    """The first line that says something, the number of the line after it, and the rest of its chunk."""
    n_lines = 0
    for chunk in chunks:
        position = 0
        while position < len(chunk):
            end = chunk.index(b"\n", position) + 1
            header, position, n_lines = chunk[position:end], end, n_lines + 1
            if header.strip():
                return _decoded(file, header), n_lines + 1, chunk[position:]
    raise FileFormatError(f"{file}: is empty")


def _decoded(file: str, header: bytes) -> str:
    if b"\0" in header:
        raise FileFormatError(f"{file}: the header has NUL bytes; if it is UTF-16, name it with --encoding utf-16")
    if len(header) > MAX_LINE_BYTES:
        raise FileFormatError(f"{file}: the header {TOO_LONG}; is this a CSV file?")
    try:
        text = header.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as exc:
        raise FileFormatError(
            f"{file}: the header is not text in the expected encoding; name the file's with --encoding"
        ) from exc
    if "\r" in text:
        raise FileFormatError(f"{file}: lines end with CR alone; save it with LF or CRLF line ends")
    return text


def _sniffed(header: str) -> str:
    """The delimiter that the header has most of, outside quotes; the comma where it has none."""
    unquoted = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)


def _names(file: str, header: str, delimiter: str) -> list[str]:
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FileFormatError(f"{file}: the header names the column {twice[0]!r} more than once")
    return names


def _with_final(chunk: bytes, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk with whether it is the last, so at least one."""
    for following in chunks:
        yield chunk, False
        chunk = following
    yield chunk, True


class _Table:
    """Which columns are wanted of a file, and what they give."""

    def __init__(self, layout: Layout, names: Sequence[str], delimiter: int) -> None:
        self._layout = layout
        self._wanted = layout.wanted
        self._slots = np.array([self._slot(name) for name in names], dtype=np.int64)
        self._delimiter = delimiter

    def _slot(self, name: str) -> int:
        return self._wanted.index(name) if name in self._wanted else -1

    def split(self, chunk: bytes, line: int, *, final: bool) -> Split:
        return split_csv(chunk, self._slots, len(self._wanted), delimiter=self._delimiter, first_line=line, final=final)

    def batch(self, split: Split, bytes_read: int) -> RawBatch:
        by_name = dict(zip(self._wanted, split.columns, strict=True))
        columns = {field: by_name[name] for field, name in self._layout.columns.items()}
        together = self._layout.mapping.properties
        if together:
            columns["properties"] = as_objects(together, [by_name[name].to_pylist() for name in together])
        rejects = [self._reject(split.chunk, *row) for row in split.refused.tolist()]
        return RawBatch(self._layout, columns, split.lines, bytes_read, rejects)

    def _reject(self, chunk: bytes, status: int, line: int, position: int, n_fields: int) -> LineReject:
        reason = _REASONS.get(status, f"has {n_fields} fields, not {len(self._slots)} as the header")
        return LineReject(line, reason, shown(chunk[position : chunk.index(b"\n", position)]))
