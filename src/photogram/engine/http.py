"""Sends an adapter's requests and reads whole answers; turns what goes wrong into facts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpx2

from ..domain.secret import Secret
from ..errors import BadResponse, Unreachable
from ..providers.wire import Access, WireAnswer, WireRequest
from .event_stream import EventStream
from .guard import Resolve, check_address, check_peer, resolve_host
from .unpack import unpack

OnEvent: TypeAlias = Callable[[bytes], Awaitable[None]]

IN_FLIGHT = 32
"""Requests at once per provider, in front of the connection pool (measured: docs/decisions/0002-engine-thread.md)."""

READ_BYTES = 256 * 1024
"""Read from a connection at once. With httpcore2's own 64 kB an image of 1 MB goes through its layers twenty times,
0.6 ms of CPU more; it has no public setting for it (2.16)."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""The largest answer, image or event of a stream that is read."""

MAX_EVENTS = 1_000
"""Events of a stream that are told of; then only its last one counts. A provider sends a handful."""

TOTAL_S = 300.0
"""Seconds that one answer may take from its first byte sent to its last byte read, where no other number is given."""

MAX_REDIRECTS = 5
CONNECT_S = 10.0


@cache
def trust() -> SSLContext:
    """Returns whose certificates are believed; reading them takes 20 ms, so it is done once in a process."""
    return httpx2.create_ssl_context()


class Http:
    """The engine's one HTTP client. Engine's thread only.

    Args:
        transport: What sends, in place of the network.
        resolve: Looks up a host's addresses.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None, *, resolve: Resolve = resolve_host) -> None:
        self._resolve = resolve
        read_more_at_once()
        self._client = httpx2.AsyncClient(
            transport=transport,
            verify=trust(),
            follow_redirects=False,
            headers={"accept-encoding": "gzip"},  # what `unpack` can
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # one key's session is not the next one's
            limits=httpx2.Limits(max_connections=128, max_keepalive_connections=32),
        )
        self._places: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(IN_FLIGHT))

    async def send(
        self, provider: str, request: WireRequest, access: Access, *, read_timeout_s: float, total_s: float = TOTAL_S,
        on_event: OnEvent | None = None,
    ) -> WireAnswer:  # fmt: skip
        """Sends one request, without following redirects.

        Args:
            provider: Whose place in line it takes.
            request: What to send.
            access: Whose keys may be shown, and to whom.
            read_timeout_s: Seconds without a byte after which the connection counts as broken.
            total_s: Seconds after which it does in any case: an answer that drips for ever is none.
            on_event: Told of every event of an answer that is a stream of them; the last one counts as the body.

        Raises:
            Unreachable: No connection (`sent=False`), or it broke after something was sent (`sent=True`).
            BadResponse: The answer is larger than 64 MB, a key would go to a foreign host, or the address may not be
                asked at all (see `guard`).
        """
        request = replace(request, url=await self.check(request.url, access))
        return await self._exchange(provider, request, access, read_timeout_s, total_s, on_event)

    async def check(self, url: str, access: Access) -> str:
        """Returns where a URL leads, once it is clear that it may be asked.

        Raises:
            Unreachable: Its host has no address.
            BadResponse: It may not be asked (see `guard`).
        """
        try:
            url = access.route(url)
        except ValueError as error:
            raise BadResponse("The address is none.", detail=url[:200]) from error
        await check_address(url, access, self._resolve)
        return url

    async def _exchange(
        self, provider: str, request: WireRequest, access: Access, read_timeout_s: float, total_s: float,
        on_event: OnEvent | None,
    ) -> WireAnswer:  # fmt: skip
        own = access.owns(request.url)
        timeout = httpx2.Timeout(read_timeout_s, connect=CONNECT_S, pool=None)
        async with self._places[provider]:
            try:
                async with (
                    asyncio.timeout(total_s),
                    self._client.stream(
                        request.method,
                        request.url,
                        headers=_headers(request, access),
                        json=request.json_body,
                        content=request.content,
                        files=_form(request),
                        timeout=timeout,
                        extensions={} if own else {"trace": check_peer(request.url, access)},
                    ) as response,
                ):
                    return await _read(response, on_event)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
                host = urlsplit(request.url).hostname
                raise Unreachable(f"No connection to {host}.", sent=False, detail=str(error)) from _bare(error)
            except (httpx2.RequestError, TimeoutError) as error:  # also one whose bytes cannot be unpacked
                host = urlsplit(request.url).hostname
                late = isinstance(error, (httpx2.TimeoutException, TimeoutError))
                what = "took too long to answer" if late else "broke off"
                said = f"{type(error).__name__}: {error}"
                raise Unreachable(f"{host} {what}.", sent=True, detail=said) from _bare(error)
            except httpx2.InvalidURL as error:
                raise BadResponse(f"{request.url!r} is not an address.", detail=str(error)) from _bare(error)

    async def fetch(self, provider: str, request: WireRequest, access: Access, *, read_timeout_s: float) -> WireAnswer:
        """Gets a result, following up to five redirects; each address is checked, and keys stay with the provider.

        Raises:
            Unreachable: As `send`.
            BadResponse: As `send`; or there are more redirects.
        """
        request = replace(request, headers={"accept-encoding": "identity", **request.headers})
        for _ in range(MAX_REDIRECTS + 1):
            request = replace(request, url=await self.check(request.url, access))
            answer = await self._exchange(provider, request, access, read_timeout_s, TOTAL_S, None)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            try:
                target = urljoin(request.url, answer.headers.get("location", ""))
            except ValueError as error:
                raise BadResponse("The result's address redirects to what is none.", detail=str(error)) from error
            headers = {name: value for name, value in request.headers.items() if not isinstance(value, Secret)}
            request = WireRequest(method="GET", url=target, headers=headers)
        raise BadResponse("The result's address redirects too often.")

    async def close(self) -> None:
        """Closes every connection."""
        await self._client.aclose()


def read_more_at_once() -> None:
    """Lets httpcore2 read `READ_BYTES` at once; a version without that attribute reads as it likes."""
    with suppress(ImportError):
        from httpcore2._async.http11 import AsyncHTTP11Connection

        if hasattr(AsyncHTTP11Connection, "READ_NUM_BYTES"):
            AsyncHTTP11Connection.READ_NUM_BYTES = READ_BYTES


def _bare(error: Exception) -> Exception:
    """Returns an error of the client's without its frames: their variables hold the key, and some tools print those."""
    within: BaseException | None = error
    while within is not None:
        within = within.with_traceback(None).__context__
    return error


def _headers(request: WireRequest, access: Access) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        if not isinstance(value, Secret):
            headers[name] = value
        elif access.owns(request.url):
            headers[name] = value.reveal()
        else:
            host = urlsplit(request.url).hostname
            raise BadResponse(f"The provider named the foreign host {host}; its key was not sent there.")
    return headers


def _form(request: WireRequest) -> list[tuple[str, Any]] | None:
    """Returns the parts of a multipart form; a field is a part without a file name."""
    return [*((name, (None, value)) for name, value in request.fields), *request.files] or None


async def _read(response: httpx2.Response, on_event: OnEvent | None) -> WireAnswer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    streamed = on_event is not None and headers.get("content-type", "").startswith("text/event-stream")
    parts: list[bytes] = []
    size, told, events = 0, 0, EventStream()
    here = response.is_stream_consumed  # whole, and unpacked, from a transport that takes the network's place
    came = response.aiter_bytes() if here else response.aiter_raw()  # raw is a fifth quicker
    if not here and (encoding := headers.get("content-encoding")):
        came = unpack(came, encoding)
    async for part in came:
        if streamed and on_event:
            for event in events.feed(part):
                _check_size(len(event), response)
                parts, told = [event], told + 1
                if told <= MAX_EVENTS:
                    await on_event(event)
            size = events.waiting_bytes  # each by itself: the glimpses of a large image are as large as it is
        else:
            parts.append(part)
            size += len(part)
        _check_size(size, response)
    return WireAnswer(status=response.status_code, headers=headers, content=b"".join(parts))


def _check_size(size: int, response: httpx2.Response) -> None:
    if size > MAX_ANSWER_BYTES:
        large = BadResponse(f"The answer is larger than {MAX_ANSWER_BYTES // 1024**2} MB.")
        large.accepted = response.is_success
        raise large
