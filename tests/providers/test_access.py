"""Where a provider's word leads when its address was moved, and to whom a key may be shown."""

from __future__ import annotations

import pytest

from photogram.domain.secret import Secret
from photogram.providers.wire import Access

HOME, MOVED = "https://api.bfl.ai", "http://127.0.0.1:8000"


def moved(to: str = MOVED, home: str = HOME) -> Access:
    return Access(base_url=to, key=Secret("k"), own_hosts=("bfl.ai",), moved_from=home)


def unmoved(home: str = HOME) -> Access:
    return Access(base_url=home, key=Secret("k"), own_hosts=("bfl.ai",))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.bfl.ai/v1/get_result?id=1", "https://API.BFL.AI/v1/get_result?id=1",
        "https://api.bfl.ai:443/v1/get_result?id=1", "https://api.bfl.ai./v1/get_result?id=1",
        "https://gateway-3.eu.bfl.ai/v1/get_result?id=1", "https://bfl.ai/v1/get_result?id=1",
        "https://Gateway.BFL.ai./v1/get_result?id=1", "http://api.bfl.ai/v1/get_result?id=1",
        "https://me:pw@api.bfl.ai/v1/get_result?id=1", "https://evil.com@api.bfl.ai/v1/get_result?id=1",
        "https://api.bfl.ai:8443/v1/get_result?id=1",
    ],
)  # fmt: skip
def test_url_on_the_providers_own_hosts_leads_to_where_it_was_moved(url: str) -> None:
    routed = moved().route(url)
    assert routed == "http://127.0.0.1:8000/v1/get_result?id=1"
    assert moved().owns(routed)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil-bfl.ai/v1/x", "https://bfl.ai.evil.com/v1/x", "https://evilbfl.ai/v1/x",
        "https://api.bfl.ai.evil.com/v1/x", "https://api.bfl.ai@evil.com/v1/x", "https://bfl.ai:pw@evil.com/v1/x",
        "https://evil.com/api.bfl.ai/v1/x", "https://evil.com/?https://api.bfl.ai/", "https://evil.com#api.bfl.ai",
        "https://api.bfl.ai-evil.com/", "https://api.bfl.aievil.com/", "https://bfl.a/", "https://ai/", "https://.ai/",
        "https://evil.com\\.bfl.example/", "http://127.0.0.1/", "https://api.bfl.ai.:443@evil.com/",
    ],
)  # fmt: skip
def test_lookalike_is_left_as_it_is_and_sees_no_key(url: str) -> None:
    for access in (moved(), unmoved()):
        assert access.route(url) == url
        assert not access.owns(url)


@pytest.mark.parametrize("url", ["https://api.bfl.ai/x", "https://delivery-eu.bfl.ai/x", "https://API.bfl.ai.:443/x"])
def test_own_hosts_see_the_key_only_where_the_address_was_not_moved(url: str) -> None:
    assert unmoved().owns(url)
    assert not moved().owns(url)
    assert unmoved().route(url) == url


@pytest.mark.parametrize("url", ["http://delivery.bfl.ai/x", "http://api.bfl.ai/x", "https://bfl.ai.evil.com/"])
def test_key_is_not_shown_without_encryption_where_the_provider_is_reached_with(url: str) -> None:
    assert not unmoved().owns(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001/x", "https://127.0.0.1:8000/x", "http://127.0.0.1.evil.com:8000/"]
)
def test_another_port_or_scheme_is_another_place(url: str) -> None:
    assert not moved().owns(url)


@pytest.mark.parametrize(
    ("home", "to", "url", "routed"),
    [
        # below the built-in path, whatever host of the provider's it is on
        ("https://api.x.ai/v1", "http://gw:1/x", "https://api.x.ai/v1/jobs/3?a=b#c", "http://gw:1/x/jobs/3?a=b#c"),
        ("https://api.x.ai/v1", "http://gw:1/x", "https://api.x.ai/v1", "http://gw:1/x"),
        ("https://api.x.ai/v1", "http://gw:1/x", "https://api.x.ai/v1?a=b", "http://gw:1/x?a=b"),
        ("https://api.x.ai/v1", "http://gw:1/x", "https://eu.api.x.ai/v1/jobs/3", "http://gw:1/x/jobs/3"),
        ("https://api.x.ai/v1", "http://gw:1", "https://api.x.ai/v1/jobs/3", "http://gw:1/jobs/3"),
        ("https://api.x.ai", "http://gw:1/a/b", "https://q.x.ai/owner/app/3", "http://gw:1/a/b/owner/app/3"),
        # elsewhere on its hosts: beside it, below the same gateway where that mirrors the paths
        ("https://api.x.ai/v1", "http://gw:1/x/v1", "https://q.x.ai/files/3", "http://gw:1/x/files/3"),
        ("https://api.x.ai/v1", "http://gw:1/x", "https://api.x.ai/v10/jobs", "http://gw:1/v10/jobs"),
        ("https://api.x.ai/v1", "http://gw:1/v1", "https://q.x.ai/files/3", "http://gw:1/files/3"),
        ("https://api.x.ai:8443/v1", "http://gw:1/v1", "https://api.x.ai:8443/v1/y", "http://gw:1/v1/y"),
    ],
)
def test_path_stays_below_the_gateway_that_stands_for_the_provider(home: str, to: str, url: str, routed: str) -> None:
    access = Access(base_url=to, own_hosts=("x.ai",), moved_from=home)
    assert access.route(url) == routed


@pytest.mark.parametrize(
    "path", ["/../admin", "/v1/../../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/..\\admin"]
)
def test_path_does_not_climb_out_of_a_gateway(path: str) -> None:
    with pytest.raises(ValueError, match="climbs"):
        moved("https://gw.example/bfl").route(f"https://api.bfl.ai{path}")


@pytest.mark.parametrize("url", ["https://api.bfl.ai:99999/", "https://[::1/", "https://api.bfl.ai:x/"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moved().route(url)
