"""Titles by AI, from the mock server's chat in OpenAI's protocol and in Gemini's."""

from __future__ import annotations

import pytest

from photogram.errors import ProviderError
from photogram.providers.google import Google
from photogram.providers.openai import OpenAI
from photogram.testing import wait_until

from .server import failure, in_answer

PROMPT = "um farol ao entardecer, aquarela, com gaivotas"
TITLE = {"content": "«Farol em Aquarela.»\n", "usage": {"prompt_tokens": 100_000, "completion_tokens": 10_000}}
CHATS = {"openai": ("/v1/chat/completions", 0.05, 0.40), "google": (":generateContent", 0.30, 2.50)}


@pytest.fixture
def studio(aimock, connect):
    studio = connect((OpenAI, f"{aimock.url}/v1"), (Google, f"{aimock.url}/v1beta"))
    studio.auto_titles = False
    aimock.answer("image", in_answer(0))
    return studio


def make(studio) -> None:
    assert studio.generate(PROMPT, model="openai:gpt-image-2").wait(timeout_s=60)[0].error is None


def test_topic_is_named_after_its_first_image(aimock, studio):
    studio.auto_titles = None
    aimock.answer("chat", TITLE)
    make(studio)
    wait_until(lambda: studio.active_topic.title == "Farol em Aquarela")
    assert studio.active_topic.record.title_source == "model"


@pytest.mark.parametrize("provider", CHATS)
def test_title_is_asked_for_and_booked(aimock, studio, provider):
    path, text_in, text_out = CHATS[provider]
    aimock.answer("chat", TITLE)
    make(studio)
    before = studio.wallet.balance_coins
    assert studio.active_topic.suggest_title(provider=provider) == studio.active_topic.title == "Farol em Aquarela"
    assert before - studio.wallet.balance_coins == pytest.approx((100_000 * text_in + 10_000 * text_out) / 1e6 * 1000)
    [asked] = aimock.asked(path)
    assert [one["role"] for one in asked["body"]["messages"]] == ["system", "user"]
    assert asked["body"]["messages"][1]["content"] == PROMPT


@pytest.mark.parametrize("provider", CHATS)
@pytest.mark.parametrize("trouble", ["says no", "drop", "malformed", "disconnect"])
def test_title_that_cannot_be_had_leaves_the_topic_as_it_was(aimock, studio, provider, trouble):
    make(studio)
    before, title = studio.wallet.balance_coins, studio.active_topic.title
    aimock.answer("chat", failure(400, "invalid_request_error"))
    if trouble != "says no":
        aimock.disturb(**{trouble: 1})
    with pytest.raises(ProviderError):
        studio.active_topic.suggest_title(provider=provider)
    assert (studio.wallet.balance_coins, studio.active_topic.title) == (before, title)
