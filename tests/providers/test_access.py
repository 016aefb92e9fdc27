"""Where a provider's word leads when its address was moved, and to whom a key may be shown."""

from __future__ import annotations

import pytest

from photogram.config import base_url_variable
from photogram.domain.card import ModelCard
from photogram.domain.request import GenerationRequest
from photogram.domain.secret import Secret
from photogram.engine.keys import open_access
from photogram.providers.base import RemoteAdapter
from photogram.providers.bfl import BFL
from photogram.providers.google import Google
from photogram.providers.registry import _built_in
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


@pytest.mark.parametrize("region", ["eu", "us"])
def test_regional_host_of_the_provider_is_no_gateway(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOGRAM_BFL_BASE_URL", f"https://api.{region}.bfl.ai/v1")
    access = open_access(BFL(), Secret("k"))
    delivery, polling = f"https://delivery-{region}1.bfl.ai/results/x.jpeg", f"https://api.{region}2.bfl.ai/v1/x?id=1"
    assert [access.route(url) for url in (delivery, polling)] == [delivery, polling]
    assert access.owns(polling)
    submit = BFL().build_submit(GenerationRequest(task_id="tsk_1", model="flux-2-pro", prompt="a fox"), access)
    assert (submit.url, access.owns(submit.url)) == (f"https://api.{region}.bfl.ai/v1/flux-2-pro", True)


@pytest.mark.parametrize("url", ["http://api.eu.bfl.ai/v1", "https://api.eu.bfl.ai.example/v1", "https://gw.example"])
def test_every_other_host_stands_for_the_provider(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOGRAM_BFL_BASE_URL", url)
    access = open_access(BFL(), Secret("k"))
    assert access.route("https://api.bfl.ai/v1/x") == f"{url}/x"
    assert not access.owns("https://api.bfl.ai/v1/x")


@pytest.mark.parametrize(
    ("set_to", "root"),
    [
        ("https://gw.example", "https://gw.example/v1beta"),
        ("https://gw.example/gemini/", "https://gw.example/gemini/v1beta"),
        ("https://gw.example/v1", "https://gw.example/v1"),
        ("https://gw.example/x/v1beta", "https://gw.example/x/v1beta"),
    ],
)
def test_googles_own_variable_leaves_the_version_out(set_to: str, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", set_to)
    adapter = Google()
    access = open_access(adapter, Secret("k"))
    model = "gemini-nano-banana-2.1"
    asked = adapter.build_submit(GenerationRequest(task_id="tsk_1", model=model, prompt="a fox"), access)
    assert asked.url == f"{root}/models/{model}:generateContent"
    checked, named = adapter.build_key_check(access), adapter.build_title("a fox", access)
    assert checked is not None
    assert named is not None
    assert checked.url == f"{root}/models"
    assert named.url.startswith(f"{root}/models/")


WIRE = {
    "openai": ("https://api.openai.com/v1/images/generations", "Authorization", "Bearer "),
    "azure": ("https://mine.openai.azure.com/openai/v1/images/generations", "api-key", ""),
    "google": (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-nano-banana-2.1:generateContent",
        "x-goog-api-key", "",
    ),
    "xai": ("https://api.x.ai/v1/images/generations", "Authorization", "Bearer "),
    "together": ("https://api.together.ai/v1/images/generations", "Authorization", "Bearer "),
    "bfl": ("https://api.bfl.ai/v1/flux-2-pro", "x-key", ""),
    "fal": ("https://queue.fal.run/fal-ai/flux-2-pro", "Authorization", "Key "),
    "replicate": (
        "https://api.replicate.com/v1/models/black-forest-labs/flux-2-pro/predictions", "Authorization", "Bearer "
    ),
    "huggingface": (
        "https://router.huggingface.co/fal-ai/fal-ai/flux/schnell?_subdomain=queue", "Authorization", "Bearer "
    ),
    "horde": ("https://aihorde.net/api/v2/generate/async", "apikey", ""),
    "comfyui": ("http://127.0.0.1:8188/prompt", None, ""),
    "a1111": ("http://127.0.0.1:7860/sdapi/v1/txt2img", "Authorization", "Basic "),
    "openai-compatible": ("http://127.0.0.1:8000/v1/images/generations", "Authorization", "Bearer "),
    "stability": ("https://api.stability.ai/v2beta/stable-image/generate/sd3", "Authorization", "Bearer "),
    "dashscope": (
        "https://dashscope-intl.aliyuncs.com/api/v1/services/aigc/image-generation/generation",
        "Authorization", "Bearer ",
    ),
    "ark": ("https://ark.ap-southeast.bytepluses.com/api/v3/images/generations", "Authorization", "Bearer "),
    "pollinations": ("https://gen.pollinations.ai/v1/images/generations", "Authorization", "Bearer "),
}  # fmt: skip
"""Where the first model of each provider is asked for, the header of its key, and what stands before the key there: as
the services' own documentation has it, not as the adapters do, which their fakes believe."""

ELSEWHERE = {"azure": "https://mine.openai.azure.com", "openai-compatible": "http://127.0.0.1:8000/v1"}
"""Those that every user has elsewhere."""

REMOTE = {one.name: one for one in _built_in() if isinstance(one, RemoteAdapter)}


def test_every_remote_provider_stands_in_the_table() -> None:
    assert WIRE.keys() == REMOTE.keys()


@pytest.mark.parametrize("name", WIRE)
def test_submit_goes_where_the_provider_is_with_the_key_in_its_header(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, (url, header, prefix) = REMOTE[name], WIRE[name]
    for variable in (base_url_variable(name), *adapter.base_url_variables):
        monkeypatch.delenv(variable, raising=False)
    if name in ELSEWHERE:
        monkeypatch.setenv(base_url_variable(name), ELSEWHERE[name])
    card = adapter.cards()[0]
    request = GenerationRequest(task_id="tsk_1", model=card.model, prompt="a fox", params=card.check({}))
    asked = adapter.build_submit(request, open_access(adapter, Secret("user:word")))
    sent = {name: one.reveal() for name, one in asked.headers.items() if isinstance(one, Secret)}
    key = "dXNlcjp3b3Jk" if prefix == "Basic " else "user:word"
    assert asked.url == url
    assert sent == ({header: prefix + key} if header else {})


@pytest.mark.parametrize("card", REMOTE["huggingface"].cards(), ids=lambda card: card.model)
def test_router_is_shown_its_own_key_whoever_is_behind_it(card: ModelCard) -> None:
    adapter = REMOTE["huggingface"]
    request = GenerationRequest(task_id="tsk_1", model=card.model, prompt="a fox")
    asked = adapter.build_submit(request, open_access(adapter, Secret("k")))
    sent = {name: one.reveal() for name, one in asked.headers.items() if isinstance(one, Secret)}
    assert sent == {"Authorization": "Bearer k"}
    assert asked.url.startswith("https://router.huggingface.co/")
