"""Answers that no provider gives, or none in its right mind: adapters read them, or say what is wrong; no number that
makes no sense comes out of one, and no image is lost because of one beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from photogram.domain.price import MOST_MICROS, Price, read_micros
from photogram.domain.request import GenerationRequest
from photogram.domain.secret import Secret
from photogram.domain.task import RemoteHandle
from photogram.errors import BadParams, BadRequest, BadResponse, ProviderError
from photogram.providers.base import RemoteAdapter
from photogram.providers.cards import read_facts
from photogram.providers.registry import default_registry
from photogram.providers.retry_after import MAX_S, read_retry_after
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer

IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n...").decode()
ADAPTERS = [one for one in default_registry().providers() if isinstance(one, RemoteAdapter)]
DEEP = (b"[" * 100_000, b'{"error":' * 50_000, b'{"retry_after":[' * 900)
ODD = (
    b"null", b"7", b'"words"', b"[[], 1, null]", b'{"error": {"message": {"a": []}, "code": NaN}}', b"\xff\xfe\x00",
    b'{"detail": [{"msg": 1}], "error": [[1]], "code": {}}', b'{"node_errors": {"1": {"errors": [{"message": {}}]}}}',
    b'{"error": {"innererror": {"content_filter_results": {"a": {"filtered": true, "severity": {}}}}}}',
)  # fmt: skip
NUMBERS = (
    -1,
    -(10**9),
    10**30,
    10**400,
    1e30,
    1e308,
    float("nan"),
    float("inf"),
    -1e9,
    "1e30",
    "x",
    None,
    True,
    [],
    {},
)


def adapter(name: str) -> RemoteAdapter:
    return next(one for one in ADAPTERS if one.name == name)


def answer(said: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> WireAnswer:
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return WireAnswer(status=status, content=content, headers=headers or {})


def wanted(model: str) -> GenerationRequest:
    return GenerationRequest(task_id="tsk_1", model=model, prompt="a boat", params={}, seed=1)


@pytest.mark.parametrize("status", [400, 422, 429, 500, 503])
@pytest.mark.parametrize("one", ADAPTERS, ids=lambda one: one.name)
def test_every_error_is_read_whatever_its_body(one: RemoteAdapter, status: int) -> None:
    for body in (*DEEP, *ODD):
        assert isinstance(one.read_error(answer(body, status)), ProviderError)


@pytest.mark.parametrize("body", DEEP)
def test_json_nested_too_deeply_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        answer(body).json()


@pytest.mark.parametrize("part", [b"[],", b"{},", b"[[[[[]]]]],", b"1,", b'{"":[]},'])
def test_json_of_more_parts_than_any_answer_has_is_not_taken_apart(part: bytes) -> None:
    """64 MB of `[],` are 2 GB once they are lists."""
    bomb = b"[" + part * (6_000_000 // len(part)) + b"1]"
    with pytest.raises(BadResponse, match="more parts than any has"):
        answer(bomb).json()


def test_json_with_a_large_image_is_taken_apart() -> None:
    text = IMAGE * 500_000
    assert answer(b'{"data": [{"b64_json": "' + text.encode() + b'"}]}').json()["data"][0]["b64_json"] == text


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (DEEP[2], None),
        (b'{"retry_after": NaN}', None),
        (b'{"retry_after": 1e999}', MAX_S),
        (b'{"retry_after": ' + b"9" * 400 + b"}", MAX_S),
        (b'{"retry_after": -5}', 0.0),
        (b"retry in " + b"9" * 400 + b" seconds", MAX_S),
    ],
)
def test_wait_that_is_none_is_not_waited(body: bytes, seconds: float | None) -> None:
    assert read_retry_after(answer(body, 429)) == seconds


def cost_of(read: Any) -> int | None:
    return read.handle.cost_micros if isinstance(read, Submitted) else read.cost_micros


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: repr(number)[:12])
def test_no_cost_below_zero_or_beyond_all_measure_comes_out_of_an_answer(number: Any) -> None:
    image = {"data": [{"b64_json": IMAGE}]}
    tokens = {"output_tokens": 100, "input_tokens_details": {"text_tokens": number, "image_tokens": number}}
    google = {
        "candidates": [{"content": {"parts": [{"inlineData": {"data": IMAGE}}]}}],
        "usageMetadata": {"promptTokenCount": number, "candidatesTokenCount": number},
    }
    fal = next(card.model for card in adapter("fal").cards() if card.wire.get("unit_price"))
    bfl, xai, gemini = (adapter(name).cards()[0].model for name in ("bfl", "xai", "google"))
    read = [
        adapter("xai").read_submit(answer({**image, "usage": {"cost_in_usd_ticks": number}}), wanted(xai)),
        adapter("openai").read_submit(answer({**image, "usage": {"output_tokens": number}}), wanted("gpt-image-2")),
        adapter("openai").read_submit(answer({**image, "usage": tokens}), wanted("gpt-image-2")),
        adapter("google").read_submit(answer(google), wanted(gemini)),
        adapter("bfl").read_submit(
            answer({"id": "1", "polling_url": "https://api.bfl.ai/1", "cost": number}), wanted(bfl)
        ),
        adapter("fal").read_fetch(
            answer({"images": [{"url": "https://x.example/1"}]}, headers={"x-fal-billable-units": str(number)}),
            RemoteHandle(remote_id="1", model=fal),
        ),
    ]
    for one in read:
        cost = cost_of(one)
        assert cost is None or (type(cost) is int and 0 <= cost <= MOST_MICROS), one


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: repr(number)[:12])
def test_no_such_cost_comes_out_of_a_title(number: Any) -> None:
    chat = {"choices": [{"message": {"content": "Boats"}}],
            "usage": {"prompt_tokens": number, "completion_tokens": number}}  # fmt: skip
    gemini = {"candidates": [{"content": {"parts": [{"text": "Boats"}]}}],
              "usageMetadata": {"promptTokenCount": number, "candidatesTokenCount": number}}  # fmt: skip
    for name, said in (("openai", chat), ("google", gemini)):
        title, cost = adapter(name).read_title(answer(said))
        assert title == "Boats"
        assert cost is None or 0 <= cost <= MOST_MICROS


@pytest.mark.parametrize("usage", [[], 7, "x", {"input_tokens_details": []}, {"output_tokens": None},
                                   {"output_tokens": 0, "input_tokens": 9},
                                   {"input_tokens_details": {"text_tokens": None}}])  # fmt: skip
def test_usage_that_counts_no_image_leaves_the_cost_to_the_estimate(usage: Any) -> None:
    read = adapter("openai").read_submit(answer({"data": [{"b64_json": IMAGE}], "usage": usage}), wanted("gpt-image-2"))
    assert isinstance(read, Ready)
    assert (read.data is not None, read.cost_micros) == (True, None)


@pytest.mark.parametrize("seed", ["9" * 5_000, "9" * 30, "²", "-1", "x", ""])
def test_seed_that_is_none_does_not_cost_the_image(seed: str) -> None:
    headers = {"content-type": "image/png", "seed": seed}
    stability = adapter("stability")
    read = stability.read_submit(answer(b"...", headers=headers), wanted(stability.cards()[0].model))
    assert isinstance(read, Ready)
    assert read.seed is None
    horde = adapter("horde").read_fetch(
        answer({"generations": [{"img": "https://x.example/1", "seed": seed}]}), RemoteHandle(remote_id="1")
    )
    assert horde.seed is None


@pytest.mark.parametrize("amount", [-1, MOST_MICROS + 1, float("nan"), float("inf"), True, "5", None, 10**400])
def test_amount_that_is_none_is_unknown(amount: Any) -> None:
    assert read_micros(amount) is None


def test_amount_is_whole_micro_dollars() -> None:
    assert (read_micros(0), read_micros(1.6), read_micros(MOST_MICROS)) == (0, 2, MOST_MICROS)


def test_tokens_below_zero_or_beyond_all_measure_have_no_price() -> None:
    price = Price(per_token={"image_out": 30_000_000})
    assert price.of_tokens({"image_out": 1_000}) == 30_000
    assert [price.of_tokens({"image_out": tokens}) for tokens in (-1_000, 10**400)] == [None, None]


CLIMBING = ("..", "../../x", "a/../../../b", "x/../../../../v2/account", "a//b", "/x", "x/", ".", "./x", "…/../x")
ODD_IDS = ("%2e%2e/%2e%2e/x", "x?y=1", "x#f", "@evil.example", "\\\\evil.example\\x", ":80", "x y", "a/..;/b", "é",
           "x\r\nHost: evil.example", "\x00")  # fmt: skip
ANY_MODEL = [one for one in ADAPTERS if any(card.model == "*" for card in one.cards())]


@pytest.mark.parametrize("model", [*CLIMBING, *ODD_IDS])
@pytest.mark.parametrize("one", ANY_MODEL, ids=lambda one: one.name)
def test_model_id_leads_to_no_other_address_of_its_provider(one: RemoteAdapter, model: str) -> None:
    """A gateway's own pages are not its providers', and a provider's own are not its models'."""
    access = Access(base_url="https://gateway.example/of/this", key=Secret("k"))
    request = replace(wanted(model), params=one.card(model).defaults())
    try:
        url = httpx2.URL(one.build_submit(request, access).url)
    except BadRequest:
        assert model in CLIMBING
        return
    plain = httpx2.URL(one.build_submit(replace(request, model="owner/name"), access).url)
    assert (url.scheme, url.host, url.port, url.query) == (plain.scheme, plain.host, plain.port, plain.query)
    by_version = one.name == "replicate" and ":" in model  # which stands in the body
    assert by_version or url.raw_path.startswith(plain.raw_path.partition(b"owner")[0])
    assert not by_version or url.raw_path == b"/of/this/predictions"


LIMITS = (
    {"deadline_s": float("nan")}, {"deadline_s": float("inf")}, {"deadline_s": -1}, {"concurrency": 0},
    {"concurrency": 10**9}, {"submits_per_minute": -1}, {"max_prompt": -1},
    {"price": {"table": {"x": 0.04}, "by": ["size"], "growth": -5}}, {"price": {"image": 1, "growth": float("nan")}},
    {"price": {"image": 1, "growth": 1e308}}, {"price": -1}, {"price": float("nan")}, {"price": {"tokens": {"x": -1}}},
)  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_limit_or_price_that_is_none_makes_no_card(limit: dict[str, Any]) -> None:
    """A workspace's file may state it: a negative price fills the wallet, a deadline that is no number never ends."""
    with pytest.raises(BadParams, match="must be"):
        read_facts({"model": [{"id": "a", **limit}]}, "p")


@pytest.mark.parametrize("host", ["fal.run", "evil.fal.run", "fal.ai", "evil.fal.ai", "queue.fal.run.evil.example"])
def test_key_of_fal_goes_to_its_queue_and_not_to_the_apps_of_its_users(host: str) -> None:
    fal = adapter("fal")
    access = Access(base_url=fal.base_url, own_hosts=fal.own_hosts, key=Secret("k"))
    assert access.owns("https://queue.fal.run/fal-ai/flux/requests/1/status")
    assert access.owns(fal.key_check)
    assert not access.owns(f"https://{host}/someone/app")
