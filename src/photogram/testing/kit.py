"""The conformance kit: what every remote provider must do, tried against a fake of its service.

```python
from photogram.testing import FakeProvider, ProviderKit

class FakeAcme(FakeProvider): ...

class TestAcme(ProviderKit):
    fake_class = FakeAcme
```
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ..domain.card import ANY_MODEL
from ..domain.secret import Secret
from ..domain.task import RemoteHandle
from ..engine.engine import Engine
from ..errors import BadParams, PhotogramError, ProviderError
from ..providers.base import RemoteAdapter
from ..providers.registry import Registry
from ..providers.wire import WireAnswer
from ..store.tasks import load_tasks
from ..studio.studio import Studio
from ..studio.waiting import wait_for
from .clock import FastClock
from .fake import FakeProvider, draw
from .server import Reply

PROMPT = 'Ein Leuchtturm "bei Nacht" \\ <b>灯台</b> & café — 100 %\nsecond line'
REASON = "the prompt asks for something we do not make"
WAIT_S = 60.0

NONSENSE = {
    "no JSON": Reply(content=b"<html>Bad Gateway</html>", headers={"content-type": "text/html"}),
    "empty": Reply(content=b""),
    "empty object": Reply.of({}),
    "a list": Reply.of([]),
    "null": Reply.of(None),
    "other types": Reply.of({"id": 7, "data": "x", "images": 3, "output": {"a": 1}, "status": ["?"], "candidates": 1}),
    "nulls": Reply.of({"id": None, "data": [None], "images": [None], "output": [None], "candidates": [None]}),
}

GARBAGE: list[Any] = [
    None, 0, "x", [], [[]], [None], {}, {"error": None}, {"error": {"message": None, "code": 7}}, {"detail": [1]},
    {"error": {"details": [{"@type": 1}]}}, {"errors": {"a": ["b"]}}, {"data": [{"b64_json": 5}]}, {"status": None},
    {"output": {"choices": [{}]}}, {"candidates": [{"content": None}]}, {"result": [], "id": []}, {"images": ["!"]},
]  # fmt: skip


class ProviderKit:
    """Inherit from it in a class whose name begins with `Test`, and name the fake."""

    fake_class: ClassVar[type[FakeProvider]]

    # ── What stands around a test ───────────────────────────────────────────────────────────────────────────────────

    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
        fake = self.fake_class()
        adapter = fake.adapter
        monkeypatch.setenv(f"PHOTOGRAM_{adapter.name.upper().replace('-', '_')}_BASE_URL", fake.url)
        for variable in adapter.key_variables[:1]:
            monkeypatch.setenv(variable, fake.key)
        monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
        yield fake
        fake.close()

    @pytest.fixture
    def studio(self, fake: FakeProvider, tmp_path: Path) -> Iterator[Studio]:
        with open_studio(tmp_path / "ws", fake.adapter()) as studio:
            yield studio

    def generate(self, studio: Studio, fake: FakeProvider, prompt: str = PROMPT, n: int = 1, **params: Any) -> Any:
        batch = studio.generate(prompt, model=f"{fake.adapter.name}:{fake.model}", n=n, **params)
        return batch.wait(timeout_s=WAIT_S)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        fake = self.fake_class
        for name, forms in (("refusal", fake.refusals), ("rate_limit", fake.rate_limits), ("nonsense", NONSENSE),
                            ("not_cancelled", fake.not_cancelled)):  # fmt: skip
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, list(forms.values()) or [None], ids=list(forms) or ["none"])

    # ── Success ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_image_is_stored_as_it_came_and_booked(self, studio: Studio, fake: FakeProvider) -> None:
        batch = self.generate(studio, fake)
        assert batch[0].error is None
        assert fake.read_prompt(fake.submits[0]) == PROMPT
        assert batch[0].path.read_bytes() == next(iter(fake.jobs.values())).image
        row = studio.df().iloc[0]
        card = fake.adapter().card(fake.model)
        if fake.cost_micros is not None:
            assert round(row.cost_usd * 1e6) == fake.cost_micros
            assert row.cost_source in ("reported", "computed", "free")
        elif card.free:
            assert (row.cost_usd, row.cost_source) == (0, "free")
        else:
            sent = wait_for(studio._engine.read(load_tasks, [batch[0].record.task_id]))[0].params
            estimate = card.estimate_micros(sent)
            assert row.cost_source == ("unknown" if estimate is None else "estimated")
        assert studio.wallet.balance_coins == pytest.approx(studio.wallet.ledger().coins.sum())

    def test_several_images_are_as_many_submits_each_with_its_own_seed(
        self, studio: Studio, fake: FakeProvider
    ) -> None:
        batch = self.generate(studio, fake, n=3)
        assert [(one.status, one.error) for one in batch] == [("success", None)] * 3
        assert len(fake.submits) == len(fake.jobs) == 3
        assert len({one.path for one in batch}) == 3
        sent = [fake.read_seed(asked) for asked in fake.submits]
        if fake.adapter().card(fake.model).seeded:
            assert len(set(sent)) == 3
            assert sorted((one.seed for one in batch), key=str) == sorted(sent, key=str)
        else:
            assert sent == [None] * 3
            assert [one.seed for one in batch] == [None] * 3

    def test_seed_of_the_user_is_sent(self, studio: Studio, fake: FakeProvider) -> None:
        if not fake.adapter().card(fake.model).seeded:
            with pytest.raises(BadParams, match="seed"):
                self.generate(studio, fake, seed=7)
            return
        batch = self.generate(studio, fake, n=2, seed=0)
        assert {fake.read_seed(asked) for asked in fake.submits} == {0, 1}
        assert [one.seed for one in batch] == [0, 1]

    def test_the_same_line_works_for_every_provider(self, studio: Studio, fake: FakeProvider) -> None:
        if not fake.sized:
            with pytest.raises(BadParams, match="1024"):
                self.generate(studio, fake, n=2, size="1024x1024")
            assert not fake.submits
            return
        batch = self.generate(studio, fake, n=2, size="1024x1024")
        assert [one.status for one in batch] == ["success"] * 2

    # ── Input images ────────────────────────────────────────────────────────────────────────────────────────────────

    def test_references_arrive_unchanged_and_in_order(self, studio: Studio, fake: FakeProvider) -> None:
        spec = fake.adapter().card(fake.model).specs.get("images")
        given = [draw(100 + place, 96, 64) for place in range(min(int(spec.max or 1), 3) if spec else 1)]
        if spec is None:
            with pytest.raises(PhotogramError, match="images"):
                self.generate(studio, fake, images=given)
            assert not fake.submits
            return
        batch = self.generate(studio, fake, images=given)
        assert batch[0].error is None
        assert list(fake.read_references(fake.submits[0])) == given

    def test_too_many_references_are_refused_before_anything_is_sent(self, studio: Studio, fake: FakeProvider) -> None:
        spec = fake.adapter().card(fake.model).specs.get("images")
        if spec is None or spec.max is None:
            return
        with pytest.raises(PhotogramError, match=f"{spec.max:g}"):
            self.generate(studio, fake, images=[draw(place) for place in range(int(spec.max) + 1)])
        assert not fake.submits

    def test_mask_arrives_unchanged(self, studio: Studio, fake: FakeProvider) -> None:
        mask, image = draw(200, 96, 64), draw(201, 96, 64)
        if "mask" not in fake.adapter().card(fake.model).specs:
            with pytest.raises(PhotogramError, match="mask"):
                self.generate(studio, fake, images=[image], mask=mask)
            assert not fake.submits
            return
        batch = self.generate(studio, fake, images=[image], mask=mask)
        assert batch[0].error is None
        assert list(fake.read_references(fake.submits[0])) == [image]
        assert fake.read_mask(fake.submits[0]) == mask

    # ── The provider says no ────────────────────────────────────────────────────────────────────────────────────────

    def test_refusal_is_no_failure_and_gives_the_reason(
        self, studio: Studio, fake: FakeProvider, refusal: tuple[str, Reply] | None
    ) -> None:
        if refusal is None:
            return
        kind, reply = refusal
        content = reply.content.replace(b"{reason}", REASON.encode())
        headers = {name: value.replace("{reason}", REASON) for name, value in reply.headers.items()}
        fake.always[kind] = Reply(status=reply.status, headers=headers, content=content)
        before = studio.wallet.balance_coins
        batch = self.generate(studio, fake)
        error = batch[0].error
        assert error is not None
        assert error.kind == "refused", error
        if b"{reason}" in reply.content:
            assert REASON in error.message
        assert error.next_step
        assert len(fake.submits) == 1
        assert (studio.wallet.balance_coins < before) == fake.bills_refusals

    def test_rate_limit_waits_and_goes_on(self, studio: Studio, fake: FakeProvider, rate_limit: Reply | None) -> None:
        if rate_limit is None:
            return
        fake.says["submit"] = [rate_limit]
        batch = self.generate(studio, fake)
        assert batch[0].error is None
        assert len(fake.submits) == 2
        assert len(fake.jobs) == 1

    def test_wrong_key_is_one_error_and_holds_the_others(self, studio: Studio, fake: FakeProvider) -> None:
        if not fake.adapter.key_variables:
            return
        fake.always["submit"] = fake.unauthorized
        batch = self.generate(studio, fake, n=4)
        kinds = [one.error.kind for one in batch if one.error]
        assert kinds == ["auth"]
        assert [one.status for one in batch].count("pending") == 3
        del fake.always["submit"]
        studio.resume()
        batch.wait(timeout_s=WAIT_S)
        assert sorted(one.status for one in batch) == ["error", "success", "success", "success"]

    def test_no_key_is_said_before_anything_is_written(
        self, studio: Studio, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not (fake.adapter.key_variables and fake.adapter.key_required):
            return
        monkeypatch.delenv(fake.adapter.key_variables[0])
        with pytest.raises(PhotogramError, match=fake.adapter.key_variables[0]):
            self.generate(studio, fake)
        assert studio.df().empty

    def test_account_without_credit_names_the_billing_page(self, studio: Studio, fake: FakeProvider) -> None:
        if fake.out_of_credit is None:
            return
        fake.always["submit"] = fake.out_of_credit
        batch = self.generate(studio, fake)
        error = batch[0].error
        assert error is not None
        assert error.kind == "out_of_credit"
        assert "https://" in error.next_step

    def test_nonsense_to_a_submit_is_lost_never_sent_again(
        self, studio: Studio, fake: FakeProvider, nonsense: Reply
    ) -> None:
        fake.always["submit"] = nonsense
        batch = self.generate(studio, fake)
        assert batch[0].status in ("lost", "error")  # error: made, but what came is no image
        assert len(fake.submits) == 1 or fake.adapter.idempotent

    def test_bad_request_is_an_error_in_the_providers_words(self, studio: Studio, fake: FakeProvider) -> None:
        fake.always["submit"] = Reply.of({"error": {"message": "width is too odd"}, "message": "width is too odd"}, 400)
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "bad_request"
        assert "width is too odd" in batch[0].error.message
        assert len(fake.submits) == 1

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_failing_provider_is_not_sent_the_same_again(self, studio: Studio, fake: FakeProvider, status: int) -> None:
        fake.always["submit"] = Reply.of({"error": "down"}, status)
        batch = self.generate(studio, fake)
        assert batch[0].status == ("error" if status == 500 else "lost")
        assert len(fake.submits) == (3 if fake.adapter.idempotent and status != 500 else 1)

    # ── A job that takes its time ───────────────────────────────────────────────────────────────────────────────────

    def test_slow_job_is_asked_about_until_it_is_done(self, studio: Studio, fake: FakeProvider) -> None:
        if "poll" not in fake.routes:
            return
        fake.polls_needed = 4
        batch = self.generate(studio, fake)
        assert batch[0].error is None
        assert fake.count("poll") >= 4

    def test_failed_job_is_an_error(self, studio: Studio, fake: FakeProvider) -> None:
        if fake.job_failed is None:
            return
        kind, reply = fake.job_failed
        fake.always[kind] = reply
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "remote_failed"
        assert len(fake.submits) == 1

    def test_nonsense_to_a_poll_ends_the_wait(self, studio: Studio, fake: FakeProvider, nonsense: Reply) -> None:
        if "poll" not in fake.routes:
            return
        fake.always["poll"] = nonsense
        batch = self.generate(studio, fake)
        assert batch[0].status in ("error", "lost")
        assert len(fake.submits) == 1

    def test_unknown_status_word_ends_the_wait_and_retry_asks_the_same_job(
        self, studio: Studio, fake: FakeProvider
    ) -> None:
        if fake.unknown_status is None:
            return
        fake.always["poll"] = fake.unknown_status
        batch = self.generate(studio, fake)
        error = batch[0].error
        assert error is not None
        assert error.kind == "bad_response"
        assert "pondering" in error.message
        del fake.always["poll"]
        batch[0].retry()
        batch.wait(timeout_s=WAIT_S)
        assert batch[0].error is None
        assert len(fake.submits) == 1

    def test_nonsense_in_place_of_the_result_ends_the_wait_and_retry_asks_the_same_job(
        self, studio: Studio, fake: FakeProvider, nonsense: Reply
    ) -> None:
        if "fetch" not in fake.routes:
            return
        fake.always["fetch"] = nonsense
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "bad_response"
        del fake.always["fetch"]
        batch[0].retry()
        batch.wait(timeout_s=WAIT_S)
        assert batch[0].error is None
        assert len(fake.submits) == 1

    def test_trouble_while_asking_is_outlasted(self, studio: Studio, fake: FakeProvider) -> None:
        trouble = [Reply.of({"error": "busy"}, 503), Reply.of({"error": "slow down"}, 429, retry_after="1")]
        kinds = [kind for kind in ("poll", "fetch", "download") if kind in fake.routes]
        fake.says = {kind: list(trouble) for kind in kinds}
        batch = self.generate(studio, fake)
        assert batch[0].error is None
        assert len(fake.submits) == 1
        for kind in kinds:
            assert fake.count(kind) >= 3

    def test_job_is_carried_on_by_the_next_process(self, fake: FakeProvider, tmp_path: Path) -> None:
        if "poll" not in fake.routes:
            return
        fake.polls_needed = 10**9
        with open_studio(tmp_path / "ws", fake.adapter()) as studio:
            model = f"{fake.adapter.name}:{fake.model}"
            batch_id = studio.generate(PROMPT, model=model).id
            wait_until(lambda: fake.count("poll") > 0)
        fake.polls_needed = 1
        with open_studio(tmp_path / "ws", fake.adapter()) as studio:
            batch = studio.batch(batch_id).wait(timeout_s=WAIT_S)
            assert batch[0].error is None
            assert batch[0].path.read_bytes() == next(iter(fake.jobs.values())).image
        assert len(fake.submits) == 1

    def test_cancel_tells_the_provider_where_it_can(self, studio: Studio, fake: FakeProvider) -> None:
        fake.polls_needed = 10**9
        if "poll" not in fake.routes:
            fake.hold.clear()
        batch = studio.generate(PROMPT, model=f"{fake.adapter.name}:{fake.model}")
        wait_until(lambda: fake.count("poll") > 0 if "poll" in fake.routes else len(fake.submits) > 0)
        batch.cancel()
        batch.wait(timeout_s=WAIT_S)
        assert batch[0].status == "cancelled"
        assert (fake.count("cancel") > 0) == ("cancel" in fake.routes)

    def test_cancel_that_came_too_late_says_that_it_may_be_billed(
        self, studio: Studio, fake: FakeProvider, not_cancelled: Reply | None
    ) -> None:
        if not_cancelled is None:
            return
        fake.polls_needed = 10**9
        fake.always["cancel"] = not_cancelled
        batch = studio.generate(PROMPT, model=f"{fake.adapter.name}:{fake.model}")
        wait_until(lambda: fake.count("poll") > 0)
        batch.cancel()
        batch.wait(timeout_s=WAIT_S)
        assert batch[0].status == "cancelled"
        assert fake.count("cancel") > 0
        assert "billed" in (batch[0].record.note or "")

    def test_result_that_expired_is_said_to_be_billed(self, studio: Studio, fake: FakeProvider) -> None:
        if "download" not in fake.routes:
            return
        fake.always["download"] = Reply.of({"error": "gone"}, 404)
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "expired"
        assert "billed" in batch[0].error.message
        assert len(fake.submits) == 1

    # ── The adapter by itself ───────────────────────────────────────────────────────────────────────────────────────

    def test_key_check_tells_a_right_key_from_a_wrong_one(self, studio: Studio, fake: FakeProvider) -> None:
        from ..engine.keys import open_access

        request = fake.adapter().build_key_check(open_access(fake.adapter(), Secret(fake.key)))
        assert (request is not None) == ("key_check" in fake.routes)

    def test_whatever_comes_is_read_or_refused_never_a_crash(self, fake: FakeProvider) -> None:
        from ..domain.request import GenerationRequest

        adapter = fake.adapter()
        handle = RemoteHandle(remote_id="job", poll_url=fake.url, model=fake.model)
        request = GenerationRequest(task_id="tsk_1", model=fake.model, prompt="x")
        for body in GARBAGE:
            answer = WireAnswer(status=200, content=json.dumps(body).encode())
            for read in (lambda a: adapter.read_submit(a, request), lambda a: adapter.read_poll(a, handle),
                         lambda a: adapter.read_fetch(a, handle), adapter.read_upload, adapter.read_watch):  # fmt: skip
                try:
                    read(answer)
                except (ProviderError, NotImplementedError):
                    continue
            for status in (400, 401, 402, 403, 404, 409, 422, 429, 500, 503):
                error = adapter.read_error(WireAnswer(status=status, content=answer.content))
                assert isinstance(error, ProviderError)
                assert error.message

    def test_cards_are_complete(self, fake: FakeProvider) -> None:
        cards = fake.adapter().cards()
        assert cards
        for card in cards:
            assert card.provider == fake.adapter.name
            assert card.title
            assert card.source
            assert card.read_on
            assert card.successor is None or card.deprecated_on
            if card.model != ANY_MODEL and not any(spec.required for spec in card.params):
                assert card.check({}) is not None
        assert fake.adapter().card(fake.model)


class open_studio:  # noqa: N801  (reads as the function it is used as)
    """Opens a studio on a fast clock that knows one provider only; closing it stops its engine."""

    def __init__(self, workspace: Path, adapter: RemoteAdapter) -> None:
        engine = Engine(workspace, registry=Registry([adapter]), clock=FastClock())
        Engine._open[str(workspace.resolve())] = engine
        self._studio = Studio(workspace, user="kit")

    def __enter__(self) -> Studio:
        return self._studio

    def __exit__(self, *_: object) -> None:
        self._studio.close()


def wait_until(happened: Any, timeout_s: float = WAIT_S) -> None:
    """Waits until a function says so.

    Raises:
        AssertionError: It did not in time.
    """
    import time

    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
