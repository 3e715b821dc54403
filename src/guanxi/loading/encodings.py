"""Text of any encoding to UTF-8, while it is read."""

import codecs
from typing import BinaryIO, Protocol

from guanxi.errors import ParameterError

UNDECODABLE = b"\xff"  # no UTF-8 text contains it, so the check of the field refuses what could not be decoded
_REPLACEMENT = "\ufffd".encode()
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, and none at the end."""
        ...


def check_encoding(encoding: str) -> None:
    """Refuse a name that stands for no encoding of text, with ParameterError."""
    try:
        "".encode(encoding)
    except LookupError as exc:
        raise ParameterError(
            f"encoding {encoding!r} is not known; try utf-8, utf-16, gb18030, big5 or latin-1"
        ) from exc


def as_utf8(stream: BinaryIO, encoding: str | None) -> Readable:
    """Return a stream of UTF-8 without a byte order mark.

    A UTF-16 mark at the beginning is believed when no encoding is named.
    """
    head = stream.read(4)
    if encoding is None and head.startswith(_UTF16_MARKS):
        encoding = "utf-16"
    if encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig"):
        return _Resumed(head.removeprefix(codecs.BOM_UTF8), stream)
    return _Transcoded(_Resumed(head, stream), encoding)


class _Resumed:
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        head, self._head = self._head, b""
        return head + self._stream.read(size)


class _Transcoded:
    """A stream in another encoding; what cannot be decoded becomes bytes that are no UTF-8."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._begun = False
        self._ended = False

    def read(self, size: int, /) -> bytes:
        while not self._ended:
            block = self._stream.read(size)
            self._ended = not block
            text = self._decoder.decode(block, self._ended)
            if text and not self._begun:  # utf-16-le and the like leave the byte order mark in the text
                text, self._begun = text.removeprefix("\ufeff"), True
            if text:
                return text.encode("utf-8", "replace").replace(_REPLACEMENT, UNDECODABLE)
        return b""
