"""What must never happen: a prompt that runs, a key that shows, a wrong call that writes."""

from __future__ import annotations

import logging

import pytest

from photogram.display.renderer import current_renderer
from photogram.domain.card import ModelCard
from photogram.errors import BadParams, EmptyPrompt, MissingKey
from photogram.providers.base import RemoteAdapter
from photogram.studio import Studio

from .conftest import files, rows

EVIL = "<img src=x onerror=alert(1)>"
KEY = "sk-test-abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    "evil", [EVIL, '"><script>alert(1)</script>', "' onmouseover='alert(1)", "</style><b>", "]]>&amp;"]
)
def test_a_prompt_is_shown_as_text_everywhere(studio, evil):
    topic = studio.new_topic(f"{evil} topic")
    batch = studio.generate(evil, n=2).wait(10)
    failed = studio.generate(f"refuse {evil}").wait(10)
    shown = [
        batch._repr_html_(), failed._repr_html_(), batch[0]._repr_html_(), failed[0]._repr_html_(),
        topic._repr_html_(), str(current_renderer().mimebundle(studio).get("text/html", "")),
    ]  # fmt: skip
    for html in shown:
        assert evil not in html
        assert "<script" not in html.lower()
        assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown[0] or evil != EVIL


def test_an_evil_workspace_and_user_are_shown_as_text(tmp_path):
    with Studio(tmp_path / EVIL.replace("/", ""), user=EVIL) as studio:
        studio.new_topic("x")
        html = str(studio._repr_mimebundle_().get("text/html", ""))
        assert "<img src=x" not in html


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "\u200b\u200d", "\x00\x07", "\ud800"])
def test_an_empty_prompt_writes_nothing(studio, prompt):
    with pytest.raises(EmptyPrompt, match="Describe what you want to see"):
        studio.generate(prompt, topic="New")
    assert rows(studio) == dict.fromkeys(rows(studio), 0)
    assert files(studio) == []


def test_wrong_params_are_all_named_at_once_and_write_nothing(studio):
    with pytest.raises(BadParams) as caught:
        studio.generate("x" * 2_001, n=51, widht=3, height=7, seed=-1, aspect_ratio="wide", topic="New")
    named = " ".join(caught.value.problems)
    assert len(caught.value.problems) == 6
    for word in ("2,001", "n must be", "did you mean width", "height", "seed", "aspect_ratio"):
        assert word in named
    assert rows(studio) == dict.fromkeys(rows(studio), 0)
    assert files(studio) == []


def test_a_prompt_is_stored_as_it_was_sent(studio, dots):
    batch = studio.generate("  a cat\x00\r\nin  a hat\t. ").wait(10)
    assert batch.prompt == batch.record.prompt == dots.runs[0].prompt == "a cat\nin  a hat\t."


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Leaky(RemoteAdapter):
    """A provider whose every answer repeats the key it was given."""

    name = "leaky"
    base_url = "http://127.0.0.1:9"
    key_variables = ("LEAKY_API_KEY",)

    def cards(self):
        return [ModelCard(provider="leaky", model="one", title="one", price_micros=1_000)]

    def build_submit(self, request, access):
        raise RuntimeError(f"cannot build with {access.key.reveal()}")


def test_a_key_is_in_no_row_no_log_no_repr_and_no_html(studio, monkeypatch, caplog):
    monkeypatch.setenv("LEAKY_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    studio._engine.registry.add(Leaky())
    batch = studio.generate("a cat", model="leaky:one").wait(20)
    error = batch[0].error
    assert error is not None
    assert error.kind == "internal"

    def dump(cur) -> str:
        tables = [row[0] for row in cur.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return "".join(str(cur.execute(f"SELECT * FROM {table}").fetchall()) for table in tables)

    everything = [
        studio._read(dump), caplog.text, repr(batch.record), batch._repr_html_(), batch[0]._repr_html_(), str(error),
        repr(studio), str(studio.models().to_dict()), studio.df().to_json(date_format="iso"), str(error.exception()),
    ]  # fmt: skip
    for text in everything:
        assert KEY not in text
        assert KEY[8:] not in text
    assert "••••" in error.detail


def test_models_says_whether_a_key_is_there_and_never_what_it_is(studio, monkeypatch):
    studio._engine.registry.add(Leaky())
    assert not studio.models().set_index("model").loc["leaky:one", "key_present"]
    monkeypatch.setenv("LEAKY_API_KEY", KEY)
    frame = studio.models()
    assert frame.set_index("model").loc["leaky:one", "key_present"]
    assert KEY not in frame.to_json()


def test_a_missing_key_is_named_and_nothing_is_sent(studio, monkeypatch):
    monkeypatch.delenv("LEAKY_API_KEY", raising=False)
    studio._engine.registry.add(Leaky())
    with pytest.raises(MissingKey, match="LEAKY_API_KEY"):
        studio.generate("a cat", model="leaky:one", topic="New")
    assert rows(studio) == dict.fromkeys(rows(studio), 0)
