"""Where a result may be fetched from: a provider's answer names an address, and an answer can lie."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..errors import BadResponse, Unreachable
from ..providers.wire import Access


async def check_address(url: str, access: Access) -> None:
    """Lets an address pass, or raises.

    It must be http or https with a host and without a user name. The provider's own host passes (its base URL was built
    in, or set by the user). Any other host must be a public one: nothing on this machine or this network is asked on a
    provider's word.

    Raises:
        BadResponse: It may not be asked.
        Unreachable: Its host has no address.
    """
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise BadResponse("The result's address is not http or https.", detail=url[:200])
    if parts.username or parts.password:
        raise BadResponse("The result's address carries a user name.", detail=host)
    if access.owns(url):
        return
    if getproxies().get(parts.scheme) and not _is_literal(host):
        return  # a proxy resolves it, and guards its own network
    for address in await _resolve(host, parts.port or (443 if parts.scheme == "https" else 80)):
        if not address.is_global or address.is_multicast:
            raise BadResponse(f"The result's address leads to a private network ({host}).", detail=str(address))


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise Unreachable(f"The host {host} has no address.", sent=False, detail=str(error)) from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]
