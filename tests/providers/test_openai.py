"""OpenAI's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import ClassVar

from photogram.domain.asset import sniff_mime
from photogram.engine.talk import Talk
from photogram.providers.openai import OpenAI
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply


def error(code: str, status: int, **headers: str) -> Reply:
    body = {"error": {"message": "{reason}", "type": "image_generation_user_error", "param": None, "code": code}}
    return Reply.of(body, status, **headers)


class FakeOpenAI(FakeProvider):
    adapter = OpenAI
    model = "gpt-image-2"
    base_path = "/v1"
    routes: ClassVar = {
        "submit": ("POST", "/images/(?:generations|edits)"),
        "key_check": ("GET", "/models"),
    }
    refusals: ClassVar = {
        "moderation": ("submit", error("moderation_blocked", 400)),
        "content policy": ("submit", error("content_policy_violation", 400)),
        "in the stream": ("submit", Reply(
            headers={"content-type": "text/event-stream"},
            content=b'event: error\ndata: {"type": "error", "error": {"code": "moderation_blocked", '
                    b'"message": "{reason}"}}\n\n',
        )),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "header": error("rate_limit_exceeded", 429, retry_after="2"),
        "milliseconds": error("rate_limit_exceeded", 429, retry_after_ms="1500"),
        "no hint": error("rate_limit_exceeded", 429),
    }
    out_of_credit = error("insufficient_quota", 429)
    cost_micros = 20 * 5 + 300 * 30
    usage: ClassVar = {
        "input_tokens": 20, "output_tokens": 300, "total_tokens": 320,
        "input_tokens_details": {"text_tokens": 20, "image_tokens": 0},
    }  # fmt: skip

    def submit(self, asked: Asked, job: Job) -> Reply:
        body = asked.json()
        image = base64.b64encode(job.image).decode()
        if not body.get("stream"):
            return Reply.of({"created": 1, "data": [{"b64_json": image}], "usage": self.usage})
        kind = "image_edit" if asked.path.endswith("edits") else "image_generation"
        events = [
            {"type": f"{kind}.partial_image", "b64_json": image, "partial_image_index": index} for index in (0, 1)
        ]
        events.append({"type": f"{kind}.completed", "b64_json": image, "usage": self.usage})
        stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return Reply(headers={"content-type": "text/event-stream; charset=utf-8"}, content=stream.encode())

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [read_uri(image["image_url"]) for image in asked.json()["images"]]

    def read_mask(self, asked: Asked) -> bytes | None:
        return read_uri(asked.json()["mask"]["image_url"])


def read_uri(uri: str) -> bytes:
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(data)


class TestOpenAI(ProviderKit):
    fake_class = FakeOpenAI

    def test_glimpses_of_a_streamed_image_are_shown_until_it_is_there(self, studio, fake, monkeypatch):
        seen, keep = [], Talk._hear

        async def hear(talk, task, adapter, event):
            await keep(talk, task, adapter, event)
            seen.append(studio._engine.glimpses([task.id]).get(task.id))

        monkeypatch.setattr(Talk, "_hear", hear)
        batch = studio.generate("x", model="openai:gpt-image-2").wait(30)
        assert [sniff_mime(glimpse) for glimpse in seen] == ["image/webp"] * 3
        assert studio._engine.glimpses([batch[0].record.task_id]) == {}
