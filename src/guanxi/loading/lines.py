"""Cut a stream of bytes into chunks of whole lines, in bounded memory."""

from collections.abc import Iterator

from guanxi.loading.encodings import Readable

MAX_LINE_BYTES = 1 << 20


def line_chunks(stream: Readable, *, chunk_bytes: int) -> Iterator[bytes]:
    r"""Yield chunks that end with a line end; the last line gets one if it has none.

    A line longer than ``MAX_LINE_BYTES`` may be cut to ``MAX_LINE_BYTES`` + 1 bytes: long enough to be refused as
    too long by whoever reads it, short enough to be kept.

    Examples
    --------
    >>> import io
    >>> list(line_chunks(io.BytesIO(b"one\ntwo\nthree"), chunk_bytes=8))
    [b'one\ntwo\n', b'three\n']
    """
    rest = b""
    while block := stream.read(chunk_bytes):
        if len(rest) > MAX_LINE_BYTES:
            line_end = block.find(b"\n")
            if line_end < 0:
                continue
            block = block[line_end:]
        data = rest + block if rest else block
        cut = data.rfind(b"\n") + 1
        if cut:
            yield data[:cut]
        rest = data[cut : cut + MAX_LINE_BYTES + 1]
    if rest:
        yield rest + b"\n"
