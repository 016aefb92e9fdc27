"""OpenAI's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import ClassVar

import pytest

from photogram.domain.asset import sniff_mime
from photogram.engine.talk import Talk
from photogram.errors import BadParams, BadReference, NotReady
from photogram.providers.openai import OpenAI, count_tokens
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw, draw_mask

SUNBURST = "gpt-image-2.5-sunburst"


def error(code: str, status: int, **headers: str) -> Reply:
    body = {"error": {"message": "{reason}", "type": "image_generation_user_error", "param": None, "code": code}}
    return Reply.of(body, status, **headers)


class FakeOpenAI(FakeProvider):
    adapter = OpenAI
    model = "gpt-image-2"
    base_path = "/v1"
    no_such: ClassVar = AT_ONCE
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
        return self.stream(job, "image_edit" if asked.path.endswith("edits") else "image_generation")

    def stream(self, job: Job, kind: str) -> Reply:
        image = base64.b64encode(job.image).decode()
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

    def test_svg_is_stored_as_it_came_and_shown_only_inside_an_img(self, studio, fake, monkeypatch):
        svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><script>alert(1)</script></svg>'
        answer = {"created": 1, "data": [{"b64_json": base64.b64encode(svg).decode()}], "output_format": "svg",
                  "usage": fake.usage, "svg_usage": {"model": "author", "total_tokens": 900}}  # fmt: skip
        fake.always["submit"] = Reply.of(answer)
        batch = studio.generate("x", model=f"openai:{SUNBURST}", output_format="svg", svg_model="author",
                                svg_effort="low", quality="low").wait(30)  # fmt: skip
        asked = fake.submits[0].json()
        assert asked["svg"] == {"model": "author", "reasoning": {"effort": "low"}}
        assert not {"stream", "partial_images", "svg_model", "svg_effort"} & asked.keys()
        assert batch[0].path.read_bytes() == svg
        assert batch[0].path.suffix == ".svg"
        shown = batch[0]._repr_html_() + batch._repr_html_()
        assert shown.count(f'src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"') == 2
        assert "<svg" not in shown
        assert "<script" not in shown
        assert not hasattr(batch[0], "_repr_svg_")
        with pytest.raises(NotReady, match="SVG"):
            batch[0].image  # noqa: B018
        assert studio.df().iloc[0].cost_source == "estimated"  # nobody says what the SVG's author costs

    def test_gif_is_not_streamed_and_takes_its_frames(self, studio, fake):
        batch = studio.generate("x", model=f"openai:{SUNBURST}", output_format="gif", frame_count=4).wait(30)
        assert batch[0].error is None
        asked = fake.submits[0].json()
        assert (asked["output_format"], asked["frame_count"]) == ("gif", 4)
        assert "stream" not in asked

    @pytest.mark.parametrize(
        ("params", "said"),
        [
            ({"output_compression": 50}, "output_compression goes only with output_format jpeg or webp"),
            ({"output_compression": 50, "output_format": "gif"}, "output_compression goes only with"),
            ({"frame_count": 3}, "frame_count goes only with output_format gif"),
            ({"svg_model": "author"}, "svg_model goes only with output_format svg"),
        ],
    )
    def test_what_goes_only_with_another_format_is_refused_before_anything_is_sent(self, studio, fake, params, said):
        with pytest.raises(BadParams, match=said):
            studio.generate("x", model=f"openai:{SUNBURST}", **params)
        assert not fake.submits

    def test_compression_and_moderation_are_sent_where_they_are_given(self, studio, fake):
        self.generate(studio, fake, output_format="webp", output_compression=40, moderation="low")
        asked = fake.submits[0].json()
        assert (asked["output_format"], asked["output_compression"], asked["moderation"]) == ("webp", 40, "low")

    def test_an_edit_is_sent_only_what_edits_are_documented_to_take(self, studio, fake):
        self.generate(studio, fake, images=[draw(1)], mask=draw_mask())
        assert fake.submits[0].json().keys() == {
            "model", "prompt", "n", "size", "quality", "background", "output_format", "stream", "partial_images",
            "images", "mask",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("mask", "said"),
        [(draw(2), "no transparent part"), (b"\x89PNG\r\n\x1a\n" + bytes(4_100_000), "more than the 3.81 MB"),
         (b"\xff\xd8\xff" + bytes(100), "is image/jpeg.*takes PNG")],
    )  # fmt: skip
    def test_mask_that_it_cannot_take_is_refused_before_anything_is_written(self, studio, fake, mask, said):
        with pytest.raises(BadReference, match=said):
            self.generate(studio, fake, images=[draw(1)], mask=mask)
        assert not fake.submits
        assert studio.df().empty

    @pytest.mark.parametrize(("size", "glimpses"), [("2048x2048", 2), ("3840x2160", None)])
    def test_glimpses_are_asked_for_up_to_four_megapixels(self, studio, fake, size, glimpses):
        assert self.generate(studio, fake, size=size)[0].error is None
        assert fake.submits[0].json().get("partial_images") == glimpses

    def test_larger_sizes_are_held_dearer_and_booked_exactly(self, studio, fake):
        def quote(size: str, model: str = "gpt-image-2", quality: str = "high") -> float:
            return studio.generate("x", model=f"openai:{model}", size=size, quality=quality, dry_run=True).total_usd

        assert quote("1024x1024") == 0.211
        assert 0.41 <= quote("3840x2160") < 0.45
        assert quote("2048x2048") > quote("1536x1024") > quote("1024x1024")
        assert (quote("1536x1024", "gpt-image-1.5"), quote("1024x1024", "gpt-image-1.5")) == (0.2, 0.133)
        self.generate(studio, fake, size="3840x2160", quality="high")
        row = studio.df().iloc[0]
        assert (round(row.cost_usd * 1e6), row.cost_source) == (fake.cost_micros, "computed")

    def test_input_tokens_from_the_cache_are_cheaper(self):
        usage = {
            "input_tokens": 500, "output_tokens": 10,
            "input_tokens_details": {
                "text_tokens": 100, "image_tokens": 400,
                "cached_tokens_details": {"text_tokens": 60, "image_tokens": 300},
            },
        }  # fmt: skip
        assert count_tokens(usage) == {
            "text_in": 40, "text_cached": 60, "image_in": 100, "image_cached": 300, "image_out": 10
        }  # fmt: skip

    def test_a_stream_that_ends_with_a_glimpse_is_lost(self, studio, fake):
        glimpse = json.dumps({"type": "image_generation.partial_image", "b64_json": "", "partial_image_index": 0})
        fake.always["submit"] = Reply(
            headers={"content-type": "text/event-stream"}, content=f"data: {glimpse}\n\n".encode()
        )
        assert self.generate(studio, fake)[0].status == "lost"

    def test_the_address_that_people_have_already_is_used(self, studio, fake, monkeypatch):
        monkeypatch.delenv("PHOTOGRAM_OPENAI_BASE_URL")
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url + "/")
        assert self.generate(studio, fake)[0].error is None
