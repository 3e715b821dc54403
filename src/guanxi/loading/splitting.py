"""Split CSV text into columns: one pass over the bytes, the same records whatever the chunk.

The grammar is RFC 4180's, with what real files need: LF and CRLF line ends, blank lines skipped, and a quote inside an
unquoted field taken literally. A quoted field may span lines only if its record comes out whole (the quote is closed,
nothing but a delimiter or line end follows it, and the number of fields is right, within ``MAX_RECORD_LINES`` lines
and ``MAX_LINE_BYTES`` bytes). Otherwise the quote counts as left open: the line it stands in is refused, and reading
goes on with the next line, so that one stray quote costs one line and not the rest of the file.

``tests/loading/test_csv.py`` compares with the csv module of the standard library.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb
from guanxi.loading.lines import MAX_LINE_BYTES

MAX_RECORD_LINES = 1000

GOOD, BLANK, WRONG_COUNT, NUL, TOO_LONG, OPEN_QUOTE, INCOMPLETE = range(7)

_QUOTE, _NEWLINE, _RETURN = 34, 10, 13
_START, _PLAIN, _QUOTED, _AFTER_QUOTE = range(4)

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """A chunk of CSV as columns.

    Attributes
    ----------
    chunk : bytes
        What was split.
    columns : list of pyarrow.Array
        One binary column per wanted column of the file.
    lines : numpy.ndarray, shape (n,)
        First line of each row.
    refused : numpy.ndarray, shape (r, 4)
        Status, line, position in the chunk, and number of fields of each record that was refused.
    used : int
        How many bytes of the chunk are done with; an unfinished record follows.
    n_lines : int
        How many lines those bytes hold.
    """

    chunk: bytes
    columns: list[pa.Array]
    lines: IntArray
    refused: IntArray
    used: int
    n_lines: int


def split_csv(chunk: bytes, slots: IntArray, n_slots: int, *, delimiter: int, first_line: int, final: bool) -> Split:
    """Split a chunk that ends with a line end.

    Parameters
    ----------
    chunk : bytes
        Whole lines.
    slots : numpy.ndarray, shape (number of columns in the file,)
        For each column of the file, its position in the result, or -1.
    n_slots : int
        Number of columns in the result.
    delimiter : int
        The byte between fields.
    first_line : int
        Number of the chunk's first line.
    final : bool
        Whether nothing follows, so that an unfinished record is a quote left open.
    """
    octets = np.frombuffer(chunk, dtype=np.uint8)
    most = chunk.count(b"\n")
    data = np.empty((n_slots, len(octets)), dtype=np.uint8)
    offsets = np.zeros((n_slots, most + 1), dtype=np.int32)
    lines, refused = np.empty(most, dtype=np.int64), np.empty((most, 4), dtype=np.int64)
    limits = np.array([MAX_LINE_BYTES, MAX_RECORD_LINES], dtype=np.int64)
    n_rows, n_refused, used, line = _split(
        octets, slots, delimiter, first_line, final, limits, data, offsets, lines, refused
    )
    columns = [_column(offsets[slot, : n_rows + 1], data[slot]) for slot in range(n_slots)]
    return Split(chunk, columns, lines[:n_rows].copy(), refused[:n_refused].copy(), used, line - first_line)


def _column(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8]) -> pa.Array:
    """A binary column on a copy of the bytes in use, so that the chunk-sized workspace can go."""
    held = data[: offsets[-1]].tobytes()
    return pa.Array.from_buffers(
        pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(held)]
    )


@nb.njit(cache=True, nogil=True)
def _split(octets, slots, delimiter, line, final, limits, data, offsets, lines, refused):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fill columns, lines and refusals record by record; see ``split_csv``."""
    n_rows = n_refused = position = 0
    ends = np.zeros(len(data), dtype=np.int64)
    special = np.zeros(256, dtype=np.bool_)
    for byte in (0, _NEWLINE, _RETURN, _QUOTE, delimiter):
        special[byte] = True
    while position < len(octets):
        after = _plain_record(octets, position, slots, delimiter, limits[0], special, data.reshape(-1), ends)
        if after > position:
            lines[n_rows] = line
            n_rows += 1
            offsets[:, n_rows] = ends
            position, line = after, line + 1
            continue
        ends[:] = offsets[:, n_rows]
        status, after, n_fields, n_lines = _record(octets, position, slots, delimiter, limits, data, ends)
        if status == INCOMPLETE:
            if not final:
                break
            status = OPEN_QUOTE
        if status == GOOD:
            lines[n_rows] = line
            n_rows += 1
            offsets[:, n_rows] = ends
        else:
            ends[:] = offsets[:, n_rows]
            if status != BLANK:
                refused[n_refused] = (status, line, position, n_fields)
                n_refused += 1
        position = after
        line += n_lines
    return n_rows, n_refused, position, line


@nb.njit(cache=True, nogil=True)
def _plain_record(octets, position, slots, delimiter, longest, special, data, ends):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Read a record that is one line without quotes, as most are, and return the position after it.

    Otherwise 0, with ``ends`` spoilt: ``_record`` reads them all.
    """
    width = len(data) // max(len(ends), 1)
    at, field, one = np.uint64(position), 0, np.uint64(1)  # unsigned: no index counts from the end
    while field < len(slots):
        start, slot = at, slots[field]
        while not special[octets[at]]:
            at += one
        if slot >= 0:
            into = np.uint64(slot * width + ends[slot])
            for i in range(at - start):
                data[into + i] = octets[start + i]
            ends[slot] += np.int64(at - start)
        field += 1
        at += one
        if octets[at - one] != delimiter:
            break
    whole = field == len(slots) and octets[at - one] == _NEWLINE
    after = np.int64(at)
    return after if whole and 1 < after - position <= longest else 0


# A state machine reads best in one piece.
@nb.njit(cache=True, nogil=True)
def _record(octets, start, slots, delimiter, limits, data, ends):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912
    """Read one record: its status, where to go on, how many fields and lines it has.

    Where the quote was left open, reading goes on after the record's first line.
    """
    position, first_end = start, 0
    n_fields, n_lines = 1, 0
    state, slot, has_nul = _START, slots[0], False
    while position < len(octets):
        byte = octets[position]
        position += 1
        has_nul |= byte == 0
        if byte == _NEWLINE and n_lines == 0:
            first_end = position
        if state == _QUOTED:
            if byte == _NEWLINE:
                n_lines += 1
                if n_lines >= limits[1] or position - start > limits[0]:
                    break
            if byte == _QUOTE:
                state = _AFTER_QUOTE
            elif slot >= 0:
                data[slot, ends[slot]] = byte
                ends[slot] += 1
        elif byte == _QUOTE and state == _START:
            state = _QUOTED
        elif byte == _NEWLINE:
            return _finished(octets, start, position, first_end, len(slots), n_fields, n_lines + 1, has_nul, limits)
        elif byte == delimiter:
            state, slot = _START, slots[n_fields] if n_fields < len(slots) else -1
            n_fields += 1
        elif byte == _RETURN and octets[position] == _NEWLINE:
            continue  # the chunk ends with a line end, so there is a next byte
        else:
            if state == _AFTER_QUOTE and byte != _QUOTE and n_lines > 0:
                break
            state = _QUOTED if state == _AFTER_QUOTE and byte == _QUOTE else _PLAIN
            if slot >= 0:
                data[slot, ends[slot]] = byte
                ends[slot] += 1
    else:
        return INCOMPLETE, first_end, n_fields, 1
    return _opened(start, first_end, n_fields, limits)


@nb.njit(cache=True, inline="always")
def _opened(start, first_end, n_fields, limits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The answer for a quote left open: it costs the first line only."""
    return (TOO_LONG if first_end - start > limits[0] else OPEN_QUOTE), first_end, n_fields, 1


@nb.njit(cache=True, inline="always")
def _finished(octets, start, position, first_end, n_columns, n_fields, n_lines, has_nul, limits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The answer for a record that has come to its end."""
    length = position - start
    if n_lines > 1 and (n_fields != n_columns or length > limits[0]):
        return _opened(start, first_end, n_fields, limits)
    if length > limits[0]:
        return TOO_LONG, position, n_fields, n_lines
    if length == 1 or (length == 2 and octets[start] == _RETURN):
        return BLANK, position, n_fields, n_lines
    if has_nul:
        return NUL, position, n_fields, n_lines
    return (WRONG_COUNT if n_fields != n_columns else GOOD), position, n_fields, n_lines
