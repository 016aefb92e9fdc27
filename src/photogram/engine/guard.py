"""Where a request may go: a provider's answer names addresses to poll, to cancel and of results, and it can lie.

Two checks, because a name can change its address between them (DNS rebinding): `check_address` looks before anything is
done, `check_peer` looks at whom the connection was really made to, before a byte is sent on it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..errors import BadResponse, Unreachable
from ..providers.wire import Access

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[Address]]]
Trace: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[None]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def resolve_host(host: str, port: int) -> list[Address]:
    """Returns a host's addresses, as the system knows them.

    Raises:
        Unreachable: It has none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"The host {host} has no address.", sent=False, detail=str(error)) from error
    return [_read_address(str(entry[4][0])) for entry in found]


async def check_address(url: str, access: Access, resolve: Resolve = resolve_host) -> None:
    """Lets an address pass, or raises.

    It must be http or https with a host. The provider's own hosts pass (its base URL was built in, or set by the user).
    Any other must be a public one, without a user name: nothing on this machine or this network is asked on a
    provider's word. Where a proxy is set, the proxy resolves names and guards its own network.

    Raises:
        BadResponse: It may not be asked.
        Unreachable: Its host has no address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadResponse(f"{_subject(access)} that is none.", detail=url[:200]) from error
    if parts.scheme not in ("http", "https") or not host:
        raise BadResponse(f"{_subject(access)} that is not http or https.", detail=url[:200])
    if parts.netloc.lower() == urlsplit(access.base_url).netloc.lower() and access.owns(url):
        return  # also one with a user name, which the user set
    if parts.username is not None or parts.password is not None:
        raise BadResponse(f"{_subject(access)} with a user name in it.", detail=host)
    if access.owns(url):
        return
    proxies = getproxies()
    if (literal := _literal(host)) is not None:
        addresses = [literal]
    elif proxies.get(parts.scheme) or proxies.get("all"):
        return  # one that is excepted from the proxy is looked at once it is connected to
    else:
        addresses = await resolve(host, port or (443 if parts.scheme == "https" else 80))
    for address in addresses:
        _check_public(address, host, access)


def check_peer(url: str, access: Access) -> Trace:
    """Returns a `trace` extension for httpx2 that closes a connection to a private address before anything is sent.

    A connection to another host than the URL's is one to a proxy, which is the user's.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    direct = False

    async def trace(event: str, info: Mapping[str, Any]) -> None:
        nonlocal direct
        if event.endswith("connect_tcp.started"):
            direct = _same_host(str(info["host"]), host)
        elif event.endswith("connect_tcp.complete") and direct:
            stream = info["return_value"]
            peer = stream.get_extra_info("server_addr")
            try:
                if peer is None:
                    raise BadResponse(f"Nobody can tell where {host} leads.")
                _check_public(_read_address(str(peer[0])), host, access)
            except BadResponse:
                await stream.aclose()
                raise

    return trace


def _subject(access: Access) -> str:
    return "The provider named an address" if access.base_url else "This is an address"  # one that the user gave


def _check_public(address: Address, host: str, access: Access) -> None:
    if isinstance(address, ipaddress.IPv6Address):  # one that only wraps one of IPv4 leads where that one does
        wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        address = wrapped or address.ipv4_mapped or address.sixtofour or address
    if not address.is_global or address.is_multicast:
        raise BadResponse(f"{_subject(access)} in a private network ({host}).", detail=str(address))


def _same_host(connected: str, asked: str) -> bool:
    """Tells whether two names are one, however they are written; the client writes names in ASCII."""
    connected = connected.rstrip(".").lower()
    try:
        return connected in (asked.lower(), asked.encode("idna").decode("ascii").lower()) or (
            _literal(connected) is not None and _literal(connected) == _literal(asked)
        )
    except UnicodeError:
        return True  # in doubt it is looked at


def _literal(host: str) -> Address | None:
    try:
        return _read_address(host)
    except ValueError:
        return None


def _read_address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])  # without the interface of a link-local one
