"""A file from a public address: a reference image that was given by its URL."""

from __future__ import annotations

from ..errors import BadRequest
from ..providers.wire import Access, WireRequest
from .http import Http

DOWNLOAD_S = 30.0
"""Seconds without a byte after which a download has failed."""


async def download(http: Http, url: str) -> bytes:
    """Gets a file from a public address (see `guard`); at most 64 MB.

    Raises:
        Unreachable, BadResponse, BadRequest: It cannot be had.
    """
    request = WireRequest(method="GET", url=url)
    answer = await http.fetch("downloads", request, Access(base_url=""), read_timeout_s=DOWNLOAD_S)
    if answer.status != 200:
        raise BadRequest(f"its server says HTTP {answer.status}.", detail=answer.excerpt())
    return answer.content
