"""Where a provider's word may lead: every address is checked before it is asked, and again once it is connected to."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator

import pytest
from faulty.server import Server

from photogram.domain.secret import Secret
from photogram.engine.guard import Address, check_address
from photogram.engine.http import Http
from photogram.errors import BadResponse, Unreachable
from photogram.providers.wire import Access, WireAnswer, WireRequest

PUBLIC = "93.184.216.34"
ACCESS = Access(base_url="https://api.example.com/v1", key=Secret("sk-1"), own_hosts=("example.net",))


class Names:
    """A resolver that says what it is told, and remembers what it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses, self.asked = [ipaddress.ip_address(address) for address in addresses], []

    async def __call__(self, host: str, port: int) -> list[Address]:
        self.asked.append((host, port))
        if not self.addresses:
            raise Unreachable(f"The host {host} has no address.", sent=False)
        return self.addresses


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def other() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def check(url: str, names: Names, access: Access = ACCESS) -> None:
    asyncio.run(check_address(url, access, names))


def ask(url: str, names: Names, access: Access = ACCESS, *, method: str = "GET", fetch: bool = False) -> WireAnswer:
    async def run() -> WireAnswer:
        http = Http(resolve=names)
        request = WireRequest(method=method, url=url)
        try:
            if fetch:
                return await http.fetch("p", request, access, read_timeout_s=5)
            return await http.send("p", request, access, read_timeout_s=5)
        finally:
            await http.close()

    return asyncio.run(run())


@pytest.mark.parametrize("addresses", [[PUBLIC], ["2606:2800:220:1::1"], [PUBLIC, "2606:2800:220:1::1"]])
def test_public_host_passes(addresses: list[str]) -> None:
    names = Names(*addresses)
    check("https://cdn.example.org/a.png?sig=1", names)
    check("http://cdn.example.org:8080/a.png", names)
    assert names.asked == [("cdn.example.org", 443), ("cdn.example.org", 8080)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.7", "172.16.4.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.7",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2002:c0a8:101::",
    ],
)  # fmt: skip
@pytest.mark.parametrize("among", [False, True])
def test_host_of_which_any_address_is_private_does_not(address: str, among: bool) -> None:
    with pytest.raises(BadResponse, match=r"private network \(cdn.example.org\)"):
        check("https://cdn.example.org/a.png", Names(*([PUBLIC] * among), address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://10.1.2.3:8080/",
        "http://[64:ff9b::a00:1]/",
    ],
)  # fmt: skip
def test_private_address_without_a_name_does_not_pass_even_with_a_proxy(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for proxy in (None, "http://proxy.lan:3128"):
        if proxy:
            monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(BadResponse, match="private network"):
            check(url, Names())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "not http or https"), ("ftp://cdn.example.org/", "not http or https"),
        ("data:image/png;base64,AA", "not http or https"), ("//cdn.example.org/a", "not http or https"),
        ("a.png", "not http or https"), ("", "not http or https"), ("https:///a.png", "not http or https"),
        ("http://[::1", "is none"), ("http://cdn.example.org:99999/", "that is none"),
        ("http://me:pw@cdn.example.org/", "user name"), ("http://me@cdn.example.org/", "user name"),
        ("https://:pw@cdn.example.org/", "user name"), ("https://me:pw@a.example.net/", "user name"),
        ("https://api.example.com@evil.org/", "user name"),
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_does_not_pass(url: str, said: str) -> None:
    names = Names(PUBLIC)
    with pytest.raises(BadResponse, match=said):
        check(url, names)
    with pytest.raises(BadResponse):
        ask(url, names)
    assert names.asked == []


def test_address_that_the_user_gave_is_held_to_the_same_and_not_called_the_providers() -> None:
    with pytest.raises(BadResponse, match=r"^This is an address in a private network \(cdn.example.org\)"):
        check("https://cdn.example.org/a.png", Names("10.0.0.1"), Access(base_url=""))


def test_providers_own_hosts_pass_unasked_wherever_they_are() -> None:
    names = Names()
    check("https://api.example.com/v1/jobs/1", names)
    check("https://eu.example.net/jobs/1", names)
    check("http://10.0.0.7:8188/history", names, Access(base_url="http://10.0.0.7:8188"))
    check("http://me:pw@studio.lan:7860/x", names, Access(base_url="http://me:pw@studio.lan:7860"))
    assert names.asked == []


def test_host_without_an_address_is_unreachable_and_nothing_was_sent() -> None:
    with pytest.raises(Unreachable) as caught:
        check("https://cdn.example.org/a.png", Names())
    assert caught.value.sent is False


# ── What is really connected to ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "fetch"), [("GET", True), ("GET", False), ("POST", False)])
def test_name_that_leads_elsewhere_once_it_was_checked_is_sent_nothing(other: Server, method: str, fetch: bool) -> None:
    names = Names(PUBLIC)  # and the system, asked by the connection, says 127.0.0.1
    url = f"{other.url.replace('127.0.0.1', 'localhost')}/jobs/1/cancel"
    with pytest.raises(BadResponse, match=r"private network \(localhost\)"):
        ask(url, names, method=method, fetch=fetch)
    assert len(names.asked) == 1
    assert other.keys == []


def test_own_host_is_connected_to_wherever_it_is(other: Server) -> None:
    access = Access(base_url=other.url.replace("127.0.0.1", "localhost"))
    assert ask(f"{access.base_url}/images/a.png", Names(), access, fetch=True).status == 200
    assert len(other.keys) == 1


def test_redirect_is_checked_as_the_first_address_is(other: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Server()
    access, target = Access(base_url=other.url), f"{away.url}/images/a.png"
    other.on_fetch = lambda _count: (302, {"location": target}, b"")
    try:
        with pytest.raises(BadResponse, match="private network"):
            ask(f"{other.url}/images/a.png", Names(), access, fetch=True)
        target = f"{away.url.replace('127.0.0.1', 'localhost')}/images/a.png"
        with pytest.raises(BadResponse, match="private network"):
            ask(f"{other.url}/images/a.png", Names(PUBLIC), access, fetch=True)
        assert away.keys == []
    finally:
        away.close()


# ── Proxies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_proxy_resolves_names_and_may_be_anywhere(
    other: Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, other.url)
    names = Names()
    assert ask("http://cdn.example.org/images/a.png", names, fetch=True).status == 404  # as that proxy answers
    assert [path for path, _ in other.keys] == ["http://cdn.example.org/images/a.png"]
    assert names.asked == []


def test_host_that_is_excepted_from_the_proxy_is_looked_at_once_it_is_connected_to(
    other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "localhost")
    with pytest.raises(BadResponse, match="private network"):
        ask(f"{other.url.replace('127.0.0.1', 'localhost')}/images/a.png", Names(), fetch=True)
    assert other.keys == []
