"""OpenAI's images protocol, and Ark's, which is close to it, as the mock server speaks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from photogram.providers.ark import Ark
from photogram.providers.azure import Azure
from photogram.providers.base import RemoteAdapter
from photogram.providers.openai import OpenAI
from photogram.providers.openai_compatible import OpenAICompatible
from photogram.studio.batch import Batch
from photogram.testing.base import PROMPT
from photogram.testing.fake import draw
from photogram.testing.kit_refused import REASON

from .server import KEY, Aimock, at_address, failure, in_answer

WRONG_KEY = f"not-{KEY[::-1]}"


class Service(NamedTuple):
    """One of those who speak the protocol: its adapter, its path on the mock server, a model, and how it says no."""

    adapter: type[RemoteAdapter]
    path: str
    model: str
    refusal: dict[str, Any] = failure(400, "moderation_blocked", REASON, "image_generation_user_error")
    no_credit: dict[str, Any] = failure(429, "insufficient_quota", "You exceeded your current quota")

    @property
    def address(self) -> str:
        return f"{self.adapter.name}:{self.model}"


SERVICES = [
    Service(OpenAI, "/v1", "gpt-image-2"),
    Service(Azure, "", "gpt-image-2", failure(400, "content_filter", REASON)),
    Service(OpenAICompatible, "/v1", "Qwen/Qwen-Image"),
    Service(
        Ark, "/api/v3", "seedream-4-0-250828", failure(400, "OutputImageSensitiveContentDetected", REASON),
        failure(403, "AccountOverdueError", "The account has an overdue balance"),
    ),
]  # fmt: skip

Make = Callable[..., Batch]


def only(*adapters: type[RemoteAdapter]) -> pytest.MarkDecorator:
    chosen = [one for one in SERVICES if one.adapter in adapters]
    return pytest.mark.parametrize("service", chosen, ids=[one.adapter.name for one in chosen], indirect=True)


@pytest.fixture(params=SERVICES, ids=[one.adapter.name for one in SERVICES])
def service(request: pytest.FixtureRequest) -> Service:
    return request.param


def submits(aimock: Aimock) -> list[dict[str, Any]]:
    return aimock.asked("/images/")  # a topic's title may be asked for meanwhile


@pytest.fixture
def make(aimock: Aimock, connect, service: Service) -> Make:
    def make(prompt: str = PROMPT, key: str = KEY, **options: Any) -> Batch:
        studio = connect((service.adapter, aimock.url + service.path), key=key)
        return studio.generate(prompt, model=service.address, **options).wait(timeout_s=60)

    return make


def test_images_are_stored_as_they_came(aimock, make, service):
    aimock.answer("image", in_answer(0), in_answer(1), model=service.model)
    batch = make(n=2, size="1024x1024")
    assert [one.error for one in batch] == [None, None]
    assert {one.path.read_bytes() for one in batch} == {draw(0), draw(1)}
    asked = submits(aimock)
    assert [one["path"].rpartition("/images/")[2] for one in asked] == ["generations"] * 2
    for one in asked:
        assert one["body"]["model"] == service.model
        assert one["body"]["messages"][0]["content"] == PROMPT
        assert one["headers"][service.adapter.auth[0].lower()] == "[REDACTED]"


@only(OpenAI, Azure, Ark)  # a server of one's own may want its key for that, too
def test_image_at_an_address_is_fetched_without_the_key(aimock, make):
    aimock.answer("image", at_address(aimock, 2))
    assert make()[0].path.read_bytes() == draw(2)


@only(Azure, OpenAICompatible)  # OpenAI takes edits in JSON, too, which this server does not read; Ark has no path
def test_edit_goes_as_a_form_to_those_who_take_one(aimock, make, service):
    aimock.answer("image", in_answer(3), model=service.model)
    batch = make("make it night", images=[draw(50), draw(51)])
    assert batch[0].error is None
    assert batch[0].path.read_bytes() == draw(3)
    [asked] = aimock.asked("/images/edits")
    assert asked["headers"]["content-type"].startswith("multipart/form-data")
    assert asked["body"]["messages"][0]["content"] == "make it night"


def test_refusal_is_no_failure_and_gives_the_reason(aimock, make, service):
    aimock.answer("image", service.refusal)
    error = make()[0].error
    assert (error.kind, len(submits(aimock))) == ("refused", 1)
    assert REASON in error.message


@only(OpenAI, Azure, Ark)
def test_account_without_credit_is_not_asked_again(aimock, make, service):
    aimock.answer("image", service.no_credit)
    batch = make(n=2)
    assert [one.error.kind for one in batch if one.error] == ["out_of_credit"]
    assert "https://" in next(one.error.next_step for one in batch if one.error)


def test_rate_limit_is_waited_out(aimock, make):
    aimock.answer("image", failure(429, "rate_limit_exceeded"), in_answer(0))
    assert make()[0].error is None
    assert [one["response"]["status"] for one in submits(aimock)] == [429, 200]


def test_rate_limit_without_end_ends_after_three_sends(aimock, make):
    aimock.answer("image", in_answer(0))
    aimock.disturb(rateLimit=1)
    assert make()[0].error.kind == "rate_limited"
    assert len(submits(aimock)) == 3


@pytest.mark.parametrize(
    ("disturbance", "status"), [("drop", "error"), ("malformed", "lost"), ("disconnect", "lost")]
)  # fmt: skip
def test_submit_that_may_have_run_is_never_sent_again(aimock, make, disturbance, status):
    aimock.answer("image", in_answer(0))
    aimock.disturb(**{disturbance: 1})
    assert make()[0].status == status
    assert len(submits(aimock)) == 1


def test_wrong_key_is_one_error_and_holds_the_others(aimock, make):
    aimock.answer("image", in_answer(0))
    batch = make(n=3, key=WRONG_KEY)
    assert sorted(one.status for one in batch) == ["error", "pending", "pending"]
    assert [one.error.kind for one in batch if one.error] == ["auth"]
    assert not aimock.asked(), "whoever shows a wrong key is not let in"


def test_what_the_server_does_not_know_is_said_in_its_words(aimock, make):
    error = make()[0].error
    assert error.kind == "bad_request"
    assert "No fixture matched" in error.message


@only(OpenAI, Azure, OpenAICompatible)  # Ark has nothing to ask that is free
@pytest.mark.parametrize(("key", "verdict"), [(KEY, "ok"), (WRONG_KEY, "refused")], ids=["right", "wrong"])
def test_key_check_tells_a_right_key_from_a_wrong_one(aimock, connect, service, key, verdict):
    studio = connect((service.adapter, aimock.url + service.path), key=key)
    assert studio.keys.test(service.adapter.name).verdict == verdict
