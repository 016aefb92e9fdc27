"""Azure's dialect of OpenAI's protocol, against a fake of it on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from photogram.providers.azure import Azure
from photogram.providers.wire import Access, WireAnswer
from photogram.testing import AT_ONCE, Asked, Job, ProviderKit, Reply
from photogram.testing.fake import draw

from .test_openai import FakeOpenAI


def error(code: str, status: int, **more: Any) -> Reply:
    return Reply.of({"error": {"code": code, "message": "{reason}"} | more}, status)


FOUND = {
    "hate": {"filtered": False, "severity": "safe"}, "violence": {"filtered": True, "severity": "medium"},
    "jailbreak": {"filtered": True, "detected": True},
}  # fmt: skip


class FakeAzure(FakeOpenAI):
    adapter = Azure
    base_path = ""
    no_such: ClassVar = {
        **AT_ONCE,
        "out_of_credit": "a subscription is billed afterwards; one that is closed refuses its key",
    }
    routes: ClassVar = {
        "submit": ("POST", "/openai/v1/images/(?:generations|edits)"),
        "key_check": ("GET", "/openai/v1/models"),
    }
    refusals: ClassVar = {
        "code": ("submit", error("content_policy_violation", 400)),
        "other code": ("submit", error("contentFilter", 400)),
        "innererror": ("submit", error(
            "BadRequest", 400, innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": FOUND}
        )),
        "inner_error": ("submit", error(
            "bad", 400, inner_error={"code": "ResponsibleAIPolicyViolation", "content_filter_results": FOUND}
        )),
        "OpenAI's own": ("submit", error("moderation_blocked", 400)),
        "with HTTP 200": ("submit", error("contentFilter", 200)),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "header": Reply.of({"error": {"code": "429", "message": "Over the limit."}}, 429, retry_after="2"),
        "in words": error("RateLimitReached", 429, message="Please retry after 3 seconds. Contact Azure support."),
    }  # fmt: skip
    unauthorized = error("401", 401, message="Access denied due to invalid subscription key or wrong API endpoint.")
    out_of_credit = None

    def submit(self, asked: Asked, job: Job) -> Reply:
        if not asked.path.endswith("edits"):
            return super().submit(asked, job)
        assert asked.field("stream") == "true"
        return self.stream(job, "image_edit")

    def read_prompt(self, asked: Asked) -> str:
        return asked.field("prompt") if asked.path.endswith("edits") else super().read_prompt(asked)

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return asked.form()["image[]"]

    def read_mask(self, asked: Asked) -> bytes | None:
        return asked.form()["mask"][0]


class TestAzure(ProviderKit):
    fake_class = FakeAzure

    def test_a_refusal_says_what_the_filter_found(self, studio, fake):
        for form in ("innererror", "inner_error"):
            fake.always["submit"] = fake.refusals[form][1]
            message = self.generate(studio, fake)[0].error.message
            assert "violence: medium, jailbreak" in message
            assert "hate" not in message

    def test_a_deployment_of_any_name_is_a_model(self, studio, fake):
        batch = studio.generate("x", model="azure:my pictures/2", size="1024x1024", images=[draw(1)]).wait(30)
        assert batch[0].error is None
        asked = fake.submits[0]
        assert [asked.field(name) for name in ("model", "n", "size", "quality")] == [
            "my pictures/2",
            "1",
            "1024x1024",
            "auto",
        ]
        assert studio.df().iloc[0].cost_source == "unknown"

    def test_the_address_and_key_that_people_have_are_used(self, studio, fake, monkeypatch):
        monkeypatch.delenv("PHOTOGRAM_AZURE_BASE_URL")
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", fake.url + "/")
        assert self.generate(studio, fake)[0].error is None
        assert fake.submits[0].headers["api-key"] == fake.key
        assert "authorization" not in fake.submits[0].headers

    def test_an_address_with_a_path_is_left_as_it_is(self):
        for base_url, root in (
            ("https://me.openai.azure.com", "https://me.openai.azure.com/openai/v1"),
            ("https://me.openai.azure.com/openai/v1", "https://me.openai.azure.com/openai/v1"),
            ("https://gateway.example/azure", "https://gateway.example/azure"),
        ):
            assert Azure().root(Access(base_url=base_url)) == root

    def test_a_missing_deployment_is_a_bad_request_in_azures_words(self):
        said = {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}
        reply = Reply.of(said, 404)
        found = Azure().read_error(WireAnswer(status=404, content=reply.content))
        assert found.kind == "bad_request"
        assert "The API deployment does not exist" in found.message
