"""MurmurHash3 (x64, 128 bits) of every string in an Arrow column.

Event ids and bodies are recognised by these hashes. 128 bits leave no room for accidents (one in 10^22 at
100 million events); they are no defence against somebody who constructs a collision, so whoever may append
events may at worst hide an event of their own.

References
----------
Austin Appleby, MurmurHash3, public domain; the tests compare with the package mmh3.
"""

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

UIntArray = npt.NDArray[np.uint64]

_C1 = np.uint64(0x87C37B91114253D5)
_C2 = np.uint64(0x4CF5AD432745937F)
_FIVE = np.uint64(5)


def murmur3(strings: pa.Array | pa.ChunkedArray) -> tuple[UIntArray, UIntArray]:
    """Hash every value of a string or binary column.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,), uint64
        First and second half of the 128-bit hash. A null hashes like an empty string.

    Examples
    --------
    >>> high, low = murmur3(pa.array(["hello"]))
    >>> hex(high[0]), hex(low[0])
    ('0xcbd8a7b341bd9b02', '0x5b1e906a48ae1d19')
    """
    column = strings.combine_chunks() if isinstance(strings, pa.ChunkedArray) else strings
    column = column.cast(pa.large_binary())
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    octets = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    high, low = np.empty(len(column), dtype=np.uint64), np.empty(len(column), dtype=np.uint64)
    _hash_all(octets, offsets, high, low)
    return high, low


@nb.njit(cache=True, inline="always")
def _rotate(x, r):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return (x << np.uint64(r)) | (x >> np.uint64(64 - r))


@nb.njit(cache=True, inline="always")
def _finish(k):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    k = (k ^ (k >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    k = (k ^ (k >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return k ^ (k >> np.uint64(33))


@nb.njit(cache=True, inline="always")
def _word(octets, start, length):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Up to eight bytes as a little-endian number."""
    word = np.uint64(0)
    for i in range(length):
        word |= np.uint64(octets[start + i]) << np.uint64(8 * i)
    return word


@nb.njit(cache=True, nogil=True)
def _hash_all(octets, offsets, high, low):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(high)):
        start, stop = offsets[row], offsets[row + 1]
        length = stop - start
        h1 = h2 = np.uint64(0)
        for block in range(start, start + length // 16 * 16, 16):
            h1 ^= _rotate(_word(octets, block, 8) * _C1, 31) * _C2
            h1 = (_rotate(h1, 27) + h2) * _FIVE + np.uint64(0x52DCE729)
            h2 ^= _rotate(_word(octets, block + 8, 8) * _C2, 33) * _C1
            h2 = (_rotate(h2, 31) + h1) * _FIVE + np.uint64(0x38495AB5)
        tail, left = start + length // 16 * 16, length % 16
        if left > 8:
            h2 ^= _rotate(_word(octets, tail + 8, left - 8) * _C2, 33) * _C1
        if left > 0:
            h1 ^= _rotate(_word(octets, tail, min(left, 8)) * _C1, 31) * _C2
        h1 ^= np.uint64(length)
        h2 ^= np.uint64(length)
        h1 += h2
        h2 += h1
        h1 = _finish(h1)
        h2 = _finish(h2)
        h1 += h2
        h2 += h1
        high[row], low[row] = h1, h2
