"""Titles by AI, against fakes of the text models on this machine."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from photogram.domain.secret import Secret
from photogram.errors import BadResponse, MissingKey, NotFound, ProviderError
from photogram.providers.chat import MAX_WORDS, clean_title
from photogram.providers.google import Google
from photogram.providers.openai import OpenAI
from photogram.providers.together import Together
from photogram.providers.wire import Access, WireAnswer
from photogram.providers.xai import XAI
from photogram.studio.studio import Studio
from photogram.testing import Asked, Job, Reply, open_studio, wait_until

from .test_openai import FakeOpenAI

PROMPT = "um farol ao entardecer, aquarela, com gaivotas e um barco de pesca vermelho"
RULE = "Farol ao entardecer"


class FakeWriter(FakeOpenAI):
    """OpenAI with its text model."""

    routes: ClassVar = {**FakeOpenAI.routes, "title": ("POST", "/chat/completions")}

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.answers.set()

    def title(self, asked: Asked, job: Job | None) -> Reply:
        self.answers.wait(20)
        message = {"role": "assistant", "content": '"Farol em Aquarela."\n'}
        usage = {"prompt_tokens": 100_000, "completion_tokens": 10_000, "total_tokens": 110_000}
        return Reply.of({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})


@pytest.fixture
def fake(monkeypatch) -> Iterator[FakeWriter]:
    fake = FakeWriter()
    monkeypatch.setenv("PHOTOGRAM_OPENAI_BASE_URL", fake.url)
    monkeypatch.setenv("OPENAI_API_KEY", fake.key)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    yield fake
    fake.answers.set()
    fake.close()


@pytest.fixture
def studio(fake, tmp_path) -> Iterator[Studio]:
    with open_studio(tmp_path / "ws", fake.adapter()) as studio:
        yield studio


def make(studio: Studio, **options):
    return studio.generate(PROMPT, model="openai:gpt-image-2", **options).wait(timeout_s=30)


def spent_on_titles(studio: Studio) -> float:
    entries = studio.wallet.ledger()
    return float(entries[entries.note.str.startswith("title of")].coins.sum())


def test_topic_is_named_after_its_first_image_and_the_cost_is_booked(studio, fake):
    make(studio, n=3)
    topic = studio.active_topic
    wait_until(lambda: topic.title == "Farol em Aquarela")
    assert topic.record.title_source == "model"
    assert spent_on_titles(studio) == pytest.approx(-(100_000 * 0.05 + 10_000 * 0.40) / 1e6 * 1000)
    assert studio.wallet.balance_coins == pytest.approx(studio.wallet.ledger().coins.sum())
    body = fake.asked["title"][0].json()
    assert body["messages"][-1] == {"role": "user", "content": PROMPT}
    make(studio)
    assert fake.count("title") == 1


def test_title_delays_no_image(studio, fake):
    fake.answers.clear()
    batch = make(studio)
    assert batch[0].status == "success"
    assert studio.active_topic.record.title_source == "rule"
    fake.answers.set()
    wait_until(lambda: studio.active_topic.record.title_source == "model")


@pytest.mark.parametrize(
    "answer",
    [Reply.of({"error": {"message": "no"}}, 500), Reply.of({"choices": []}), Reply(content=b"<html>"), Reply.of([]),
     Reply.of({"choices": [{"message": {"content": " \n"}}]}), Reply.of({"error": {"code": "invalid_api_key"}}, 401)],
    ids=["500", "no choices", "no JSON", "list", "blank", "401"],
)  # fmt: skip
def test_title_that_cannot_be_had_leaves_everything_as_it_was(studio, fake, answer):
    fake.always["title"] = answer
    batch = make(studio)
    wait_until(lambda: fake.count("title") == 1)
    with pytest.raises(ProviderError):
        studio.active_topic.suggest_title()
    assert batch[0].status == "success"
    assert studio.active_topic.title == RULE
    assert spent_on_titles(studio) == 0
    assert make(studio)[0].status == "success", "a title's failure stops no line"


@pytest.mark.parametrize("status", [401, 500])
def test_error_of_a_text_model_shows_no_key(studio, fake, monkeypatch, caplog, status):
    plain = "Zx7NoKnownShapeOfAnyKey42"
    monkeypatch.setenv("OPENAI_API_KEY", plain)
    fake.always["title"] = Reply.of({"error": {"message": f"wrong key: {plain}"}}, status)
    fake.key = plain
    caplog.set_level("DEBUG", "photogram")
    make(studio)
    wait_until(lambda: fake.count("title") == 1)
    with pytest.raises(ProviderError) as failed:
        studio.active_topic.suggest_title()
    wait_until(lambda: "keeps its title" in caplog.text)
    shown = "".join(traceback.TracebackException.from_exception(failed.value, capture_locals=True).format())
    assert "wrong key: ••••" in str(failed.value)
    assert plain not in caplog.text
    assert plain not in str(failed.value)
    assert plain not in failed.value.detail
    assert plain not in shown.partition("test_titles.py")[0]


@pytest.mark.parametrize("tokens", [-(10**9), 10**30])
def test_title_with_a_cost_that_nothing_has_is_booked_with_none(studio, fake, tokens):
    message = {"choices": [{"message": {"content": "Farol"}}],
               "usage": {"prompt_tokens": tokens, "completion_tokens": tokens}}  # fmt: skip
    fake.always["title"] = Reply.of(message)
    make(studio)
    wait_until(lambda: studio.active_topic.title == "Farol")
    assert spent_on_titles(studio) == 0


def test_title_that_a_person_typed_stays(studio, fake):
    topic = studio.new_topic("Meus faróis")
    make(studio, topic=topic)
    assert topic.suggest_title() == "Farol em Aquarela"
    assert topic.title == "Meus faróis"
    assert fake.count("title") == 1, "nobody asked before"


def test_topic_renamed_while_the_title_is_on_its_way_keeps_the_persons(studio, fake):
    fake.answers.clear()
    make(studio)
    wait_until(lambda: fake.count("title") == 1)
    studio.active_topic.rename("Mine")
    fake.answers.set()
    wait_until(lambda: spent_on_titles(studio) < 0)
    assert studio.active_topic.title == "Mine"


def test_auto_titles_off_asks_nobody(studio, fake):
    assert studio.auto_titles is None
    studio.auto_titles = False
    make(studio)
    assert studio.active_topic.suggest_title() == "Farol em Aquarela"
    assert fake.count("title") == 1
    assert studio.active_topic.title == "Farol em Aquarela"


def test_by_default_only_the_provider_that_was_used_is_asked(studio, fake):
    from photogram.providers.sketch import Sketch

    studio._engine.registry.add(Sketch())
    studio.generate(PROMPT, model="sketch:scene", width=64, height=64).wait(timeout_s=30)
    assert fake.count("title") == 0
    studio.auto_titles = True
    studio.active_topic = None
    studio.generate(PROMPT, model="sketch:scene", width=64, height=64).wait(timeout_s=30)
    wait_until(lambda: studio.active_topic.title == "Farol em Aquarela")


def test_key_of_the_batch_is_used_for_its_topics_title(studio, fake, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    make(studio, key=fake.key)
    wait_until(lambda: studio.active_topic.title == "Farol em Aquarela")
    with pytest.raises(MissingKey):
        studio.active_topic.suggest_title()


def test_server_of_ones_own_that_needs_no_key_names_topics(fake, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setattr(FakeWriter, "is_let_in", lambda self, asked: "authorization" not in asked.headers)
    facts = replace(OpenAI().facts(), cards=tuple(replace(one, provider="mine") for one in OpenAI().cards()))
    mine = OpenAI(
        name="mine", base_url=fake.url, key_variables=("PHOTOGRAM_KEY_MINE",), key_required=False, facts=facts
    )
    with open_studio(tmp_path / "keyless", mine) as studio:
        assert studio.generate(PROMPT, model="mine:gpt-image-2").wait(timeout_s=30)[0].error is None
        wait_until(lambda: studio.active_topic.title == "Farol em Aquarela")
        assert studio.active_topic.suggest_title() == "Farol em Aquarela"


def test_title_that_is_blank_but_billed_is_booked(studio, fake):
    usage = {"prompt_tokens": 100_000, "completion_tokens": 10_000}
    fake.always["title"] = Reply.of({"choices": [{"message": {"content": " "}}], "usage": usage})
    make(studio)
    wait_until(lambda: spent_on_titles(studio) < 0)
    assert spent_on_titles(studio) == pytest.approx(-(100_000 * 0.05 + 10_000 * 0.40) / 1e6 * 1000)
    assert studio.active_topic.title == RULE


def test_suggesting_without_key_or_prompt_says_what_is_missing(studio, monkeypatch):
    topic = studio.new_topic()
    with pytest.raises(NotFound, match="no prompt"):
        topic.suggest_title()
    make(studio, topic=topic)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(MissingKey, match="openai"):
        topic.suggest_title()


def test_gemini_is_asked_in_its_own_protocol():
    adapter = Google()
    access = Access(base_url="https://example.org/v1beta", key=Secret("k"))
    request = adapter.build_title(PROMPT, access)
    assert request.url == "https://example.org/v1beta/models/gemini-3.5-flash-lite:generateContent"
    assert request.json_body["contents"][0]["parts"] == [{"text": PROMPT}]
    parts = [{"text": "let me think", "thought": True}, {"text": "Farol "}, {"text": "em Aquarela"}]
    usage = {"promptTokenCount": 1_000_000, "candidatesTokenCount": 100_000, "thoughtsTokenCount": 100_000}
    body = {"candidates": [{"content": {"parts": parts}}], "usageMetadata": usage}
    answer = WireAnswer(status=200, content=json.dumps(body).encode())
    assert adapter.read_title(answer) == ("Farol em Aquarela", 300_000 + 500_000)
    for empty in ({}, {"candidates": []}, {"candidates": [{"content": {"parts": parts[:1]}}]}):
        with pytest.raises(BadResponse):
            adapter.read_title(WireAnswer(status=200, content=json.dumps(empty).encode()))
    with pytest.raises(BadResponse) as blank:
        adapter.read_title(WireAnswer(status=200, content=json.dumps({"usageMetadata": usage}).encode()))
    assert blank.value.cost_micros == 800_000


@pytest.mark.parametrize("adapter", [OpenAI(), XAI(), Together()], ids=lambda adapter: adapter.name)
def test_text_models_in_openais_protocol_are_asked_where_the_provider_is(adapter):
    access = Access(base_url=adapter.base_url, key=Secret("k"))
    request = adapter.build_title(PROMPT, access)
    assert request.url == f"{adapter.base_url}/chat/completions"
    assert request.json_body["model"] == adapter.facts().chat.model
    assert access.owns(request.url)


@pytest.mark.parametrize(
    ("said", "title"),
    [("«Farol»", "Farol"), ("Title: A boat\nBecause…", "A boat"), ("**A boat.**", "A boat"),
     (" ".join(str(word) for word in range(30)), "0 1 2 3 4 5 6 7 8 9"), ("灯台と海", "灯台と海"),
     ("<script>alert(1)</script>", "<script>alert(1)</script>"), ("a\x00\x1b[31mb", "a[31mb")],
)  # fmt: skip
def test_answers_of_text_models_become_titles(said, title):
    assert clean_title(said) == title
    assert len(title.split()) <= MAX_WORDS


@pytest.mark.parametrize("said", [None, 7, "", ' "" ', "\n\n"])
def test_answers_without_a_title_are_refused(said):
    with pytest.raises(BadResponse):
        clean_title(said)
