"""Unpacks what a server has compressed, a little at a time: a few kilobytes may unpack to gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator

import httpx2

from ..errors import BadResponse

ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
"""Content encodings that are unpacked. Only gzip is asked for, and for images none: they are compressed already."""

MOST_BYTES = 256 * 1024
"""Unpacked at once: whoever counts the bytes can stop in time."""

FREE_BYTES, MOST_TIMES = 4_000_000, 250
"""What unpacks to more than that, and to more times its size, is no answer. JSON with an image in it unpacks to 1.3."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


async def unpack(parts: AsyncGenerator[bytes, None], encoding: str) -> AsyncGenerator[bytes, None]:
    """Yields the bytes of an answer unpacked; those of an encoding that was not asked for, as they come.

    Args:
        parts: The bytes as they come.
        encoding: The answer's `content-encoding`.

    Raises:
        httpx2.DecodingError: They cannot be unpacked, or are packed more than once.
        BadResponse: They would unpack to far more than there is of them.
    """
    known = [name for name in encoding.lower().replace(" ", "").split(",") if name in ENCODINGS]
    if len(known) > 1:
        raise httpx2.DecodingError(f"packed more than once: {encoding[:80]}")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB) if known else None
    taken = given = 0
    async for part in parts:
        if unpacker is None:
            yield part
            continue
        rest = part
        while rest:
            try:
                unpacked = unpacker.decompress(rest, MOST_BYTES)
            except zlib.error as error:
                raise httpx2.DecodingError(str(error)) from error
            taken, given = taken + len(rest) - len(unpacker.unconsumed_tail), given + len(unpacked)
            if given > max(FREE_BYTES, MOST_TIMES * taken):
                bomb = BadResponse(f"The answer is packed, and more than {MOST_TIMES} times as large as it seems.")
                bomb.accepted = True
                raise bomb
            yield unpacked
            rest = unpacker.unconsumed_tail
    if unpacker is not None:
        yield unpacker.flush()
