"""A small deflate encoder (RFC 1951) whose bytes are the same everywhere, and quick on an array.

zlib's output depends on its version and build (zlib, zlib-ng, a system's own); a picture's sha256 must not. This one
finds no repeats but long runs of zeros; it gives frequent bytes short codes, which is most of what can be won on
filtered, grainy pictures.
"""

from __future__ import annotations

import heapq
import zlib

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 20
LONGEST_CODE = 15
END = 256
RUN = 285
"""The symbol that says: the last byte, 258 times more."""
RUN_BYTES = 258
SYMBOLS = 286
_LENGTH_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)

LENGTH_SHIFT = np.uint64(40)
CODE_MASK = np.uint64((1 << 40) - 1)
Bits = tuple[NDArray[np.uint64], NDArray[np.int64]]
"""Pieces of a bit stream: values (first bit lowest) and how many bits each has, at most 64."""


def zlib_stream(data: NDArray[np.uint8]) -> bytes:
    """Returns bytes as a zlib stream (RFC 1950)."""
    blocks = [data[start : start + BLOCK_BYTES] for start in range(0, len(data), BLOCK_BYTES)]
    pieces = [piece for index, block in enumerate(blocks) for piece in _block(block, last=index == len(blocks) - 1)]
    values = np.concatenate([piece[0] for piece in pieces])
    lengths = np.concatenate([piece[1] for piece in pieces])
    checksum = zlib.adler32(data.tobytes()).to_bytes(4, "big")
    return b"\x78\x01" + _packed(values, lengths) + checksum


def _block(data: NDArray[np.uint8], *, last: bool) -> list[Bits]:
    """Returns one block: its header, its bytes as codes, its end."""
    symbols = _with_runs(data)
    counts = np.bincount(symbols, minlength=SYMBOLS).tolist()
    counts[END] = 1
    lengths = _code_lengths(counts)
    codes = _codes(lengths)
    header = _header(lengths, last=last)
    lengths[RUN] += 1  # a run's distance follows it: one byte back, one bit that is 0
    even = symbols[: len(symbols) // 4 * 4].reshape(-1, 4)
    pairs = _pairs(codes, lengths)
    places = even[:, ::2] * np.int32(SYMBOLS)
    places += even[:, 1::2]
    found = pairs[places]
    found_lengths = found >> LENGTH_SHIFT
    found &= CODE_MASK
    values = found[:, 0] | (found[:, 1] << found_lengths[:, 0])
    rest = [(codes[symbol], lengths[symbol]) for symbol in symbols[len(even) * 4 :].tolist()]
    return [
        _bits(header),
        (values, (found_lengths[:, 0] + found_lengths[:, 1]).astype(np.int64)),
        _bits([*rest, (codes[END], lengths[END])]),
    ]


def _with_runs(data: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Returns bytes as symbols, long runs of zeros written as runs."""
    symbols = data.astype(np.int32)
    whole = len(data) // 128 * 128
    if whole == len(data) and data.reshape(-1, 128).any(axis=1).all():
        return symbols  # a long run would leave one of these stretches without anything
    filled = np.flatnonzero(np.concatenate(([True], data != 0, [True])))
    zeros = np.diff(filled) - 1
    keep = np.ones(len(data), bool)
    for index in np.flatnonzero(zeros > RUN_BYTES).tolist():
        start, runs = int(filled[index]), int(zeros[index] - 1) // RUN_BYTES
        keep[start + 1 : start + 1 + runs * RUN_BYTES] = False
        symbols[start + 1 : start + 1 + runs] = RUN
        keep[start + 1 : start + 1 + runs] = True
    return symbols if keep.all() else symbols[keep]


def _header(lengths: list[int], *, last: bool) -> list[tuple[int, int]]:
    """Returns a block's header as (value, bits): code lengths are written in four bits each, without run lengths."""
    fields = [(int(last), 1), (2, 2), (SYMBOLS - 257, 5), (0, 5), (15, 4)]
    fields += [(0 if symbol > LONGEST_CODE else 4, 3) for symbol in _LENGTH_ORDER]
    fields += [(_NIBBLES[length], 4) for length in lengths]
    return [*fields, (_reversed(1, 4), 4)]  # one distance code, of one bit


def _bits(fields: list[tuple[int, int]]) -> Bits:
    return np.array([value for value, _ in fields], np.uint64), np.array([count for _, count in fields], np.int64)


def _code_lengths(counts: list[int]) -> list[int]:
    """Returns a Huffman code's lengths, none longer than deflate allows; 0 for symbols that do not occur."""
    used = [symbol for symbol, count in enumerate(counts) if count]
    while True:
        heap = [counts[symbol] << 10 | symbol for symbol in used]  # by count, then by number
        heapq.heapify(heap)
        parents: dict[int, int] = {}
        node = len(counts)
        while len(heap) > 1:
            left = heapq.heappop(heap)
            right = heap[0]
            parents[left & 1023] = parents[right & 1023] = node
            heapq.heapreplace(heap, ((left >> 10) + (right >> 10)) << 10 | node)
            node += 1
        depths = {node - 1: 0}
        for child in sorted(parents, reverse=True):
            depths[child] = depths[parents[child]] + 1
        lengths = [depths.get(symbol, 0) for symbol in range(len(counts))]
        if max(lengths) <= LONGEST_CODE:
            return lengths
        counts = [count // 2 + 1 if count else 0 for count in counts]


def _codes(lengths: list[int]) -> list[int]:
    """Returns the canonical codes of these lengths, their bits in the order of the stream."""
    codes, code, longest = [0] * len(lengths), 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - longest
        codes[symbol] = _reversed(code, length)
        code, longest = code + 1, length
    return codes


def _reversed(code: int, length: int) -> int:
    return int(format(code, f"0{length}b")[::-1], 2)


_NIBBLES = [_reversed(length, 4) for length in range(16)]


def _pairs(codes: list[int], lengths: list[int]) -> NDArray[np.uint64]:
    """Returns the code of every two bytes, its length above it, so that half the looking up is done."""
    code, length = np.array(codes, np.uint64), np.array(lengths, np.uint64)
    both = code[:, None] | (code[None, :] << length[:, None])
    both |= (length[:, None] + length[None, :]) << LENGTH_SHIFT
    return both.reshape(-1)


def _packed(values: NDArray[np.uint64], lengths: NDArray[np.int64]) -> bytes:
    """Returns the pieces of a bit stream as bytes."""
    ends = np.cumsum(lengths)
    places = ends - lengths
    words, shifts = places >> 6, (places & 63).astype(np.uint64)
    low = values << shifts
    high = (values >> np.uint64(1)) >> (np.uint64(63) - shifts)
    starts = np.concatenate(([0], np.flatnonzero(words[1:] != words[:-1]) + 1))
    stream = np.zeros(int(words[-1]) + 2, np.uint64)
    stream[words[starts]] |= np.bitwise_or.reduceat(low, starts)
    stream[words[starts] + 1] |= np.bitwise_or.reduceat(high, starts)
    return stream.astype("<u8").tobytes()[: (int(ends[-1]) + 7) // 8]
