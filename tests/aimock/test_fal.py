"""fal's queue, as the mock server speaks it; its addresses are those of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from photogram.providers.fal import Fal
from photogram.testing.base import PROMPT, wait_until
from photogram.testing.fake import draw

from .server import KEY, Aimock, failure

MODEL = "fal-ai/flux/schnell"


def result(aimock: Aimock, number: int, seed: int = 7, black: bool = False) -> dict[str, Any]:
    image = {"url": f"{aimock.url}/pictures/{number}.png", "width": 64, "height": 48, "content_type": "image/png"}
    body = {"images": [image], "seed": seed, "has_nsfw_concepts": [black], "timings": {"inference": 0.1}, "prompt": ""}
    return {"json": body, "billableUnits": 2}


def make(connect, aimock: Aimock, key: str = KEY, model: str = MODEL, **options: Any):
    studio = connect((Fal, f"{aimock.url}/fal"), key=key)
    return studio.generate(PROMPT, model=f"fal:{model}", **options)


def paths(aimock: Aimock, method: str = "") -> list[str]:
    return [one["path"].removeprefix("/fal/") for one in aimock.asked(method=method)]


@pytest.fixture
def endless() -> Iterator[Aimock]:
    """A mock server whose jobs never run."""
    aimock = Aimock(polls=(10**9, 10**9))
    yield aimock
    aimock.close()


def test_images_wait_in_the_queue_run_and_are_stored_as_they_came(aimock, connect):
    aimock.answer("fal", result(aimock, 0, seed=7), result(aimock, 1, seed=8), model=MODEL)
    batch = make(connect, aimock, n=2, seed=7, size="1024x1024").wait(timeout_s=60)
    assert [one.error for one in batch] == [None, None]
    assert {one.seed: one.path.read_bytes() for one in batch} == {7: draw(0), 8: draw(1)}
    assert [(one.cost_usd, one.record.cost_source) for one in batch] == [(0.006, "computed")] * 2
    asked = aimock.asked()
    assert all(one["headers"]["authorization"] == "[REDACTED]" for one in asked)
    submits = [one for one in asked if one["method"] == "POST"]
    assert [(one["path"], one["body"]["messages"][0]["content"]) for one in submits] == [(f"/fal/{MODEL}", PROMPT)] * 2
    assert len([path for path in paths(aimock, "GET") if path.endswith("/status")]) == 6, "IN_QUEUE, IN_PROGRESS, done"
    assert len({path for path in paths(aimock, "GET") if not path.endswith("/status")}) == 2


def test_edit_goes_to_the_models_own_endpoint(aimock, connect):
    model = "fal-ai/flux-2-pro"
    aimock.answer("fal", result(aimock, 2), model=f"{model}/edit")
    batch = make(connect, aimock, model=model, images=[draw(50)]).wait(timeout_s=60)
    assert batch[0].error is None
    assert batch[0].path.read_bytes() == draw(2)
    assert paths(aimock, "POST") == [f"{model}/edit"]


def test_blackened_image_is_a_refusal_that_is_booked(aimock, connect):
    aimock.answer("fal", result(aimock, 0, black=True))
    batch = make(connect, aimock).wait(timeout_s=60)
    assert batch[0].error.kind == "refused"
    assert (batch[0].cost_usd, batch[0].record.cost_source) == (0.006, "computed")


def test_job_is_cancelled(endless, connect):
    endless.answer("fal", result(endless, 0))
    batch = make(connect, endless)
    wait_until(lambda: any(path.endswith("/status") for path in paths(endless)))
    batch.cancel()
    assert batch.wait(timeout_s=60)[0].status == "cancelled"
    [cancel] = endless.asked(method="PUT")
    assert cancel["path"].endswith("/cancel")
    assert cancel["response"]["status"] == 200


def test_trouble_while_asking_is_outlasted_and_a_lost_job_ends_the_wait(endless, connect):
    endless.answer("fal", result(endless, 0))
    batch = make(connect, endless)
    wait_until(lambda: endless.asked("/status"))  # a submit that is disturbed is another story
    for disturbance in ("drop", "rateLimit", "disconnect"):
        before = len(endless.asked("/status"))
        endless.disturb(**{disturbance: 1})
        wait_until(lambda before=before: len(endless.asked("/status")) >= before + 2)
        assert batch[0].status == "processing"
    endless.reset()  # it knows nothing of the job any more
    assert batch.wait(timeout_s=60)[0].error.kind == "bad_request"
    assert not endless.asked(method="POST")


@pytest.mark.parametrize(
    ("response", "kind"),
    [(failure(403, "forbidden", "User is locked. Reason: Exhausted balance."), "out_of_credit"),
     (failure(400, "content_policy_violation", "flagged by a content checker"), "refused"),
     (failure(422, "value_error", "image_size is too large"), "bad_request"),
     (failure(500, "internal", "broken"), "remote_failed")],
    ids=["out of credit", "refused", "bad request", "failed"],
)  # fmt: skip
def test_submit_that_is_turned_away_says_why(aimock, connect, response, kind):
    aimock.answer("fal", response)
    error = make(connect, aimock).wait(timeout_s=60)[0].error
    assert (error.kind, len(aimock.asked())) == (kind, 1)
    assert response["error"]["message"].rstrip(".") in error.message


def test_rate_limit_is_waited_out(aimock, connect):
    aimock.answer("fal", failure(429, "rate_limit_exceeded"), result(aimock, 0))
    assert make(connect, aimock).wait(timeout_s=60)[0].error is None
    assert [one["response"]["status"] for one in aimock.asked(method="POST")] == [429, 200]


def test_wrong_key_is_one_error_and_holds_the_others(aimock, connect):
    aimock.answer("fal", result(aimock, 0))
    batch = make(connect, aimock, key=KEY[::-1], n=2).wait(timeout_s=60)
    assert sorted(one.status for one in batch) == ["error", "pending"]
    assert [one.error.kind for one in batch if one.error] == ["auth"]
    assert not aimock.asked()
