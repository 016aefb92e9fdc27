"""What every provider promises of a job that takes its time, fails, is cancelled, or outlives its process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..studio.studio import Studio
from .base import PROMPT, WAIT_S, KitBase, check_made, needs, open_studio, wait_until
from .fake import FakeProvider
from .server import Reply


class CarriedKit(KitBase):
    """Jobs that are carried on."""

    @needs(lambda fake: "poll" in fake.routes)
    def test_slow_job_is_asked_about_until_it_is_done(self, studio: Studio, fake: FakeProvider) -> None:
        fake.polls_needed = 4
        batch = self.generate(studio, fake)
        check_made(batch)
        assert fake.count("poll") >= 4

    @needs(lambda fake: "poll" not in fake.routes)
    def test_submit_that_outlasts_its_deadline_is_lost_and_sent_once(self, studio: Studio, fake: FakeProvider) -> None:
        registry = studio._engine.registry
        card = registry.card(f"{fake.adapter.name}:{fake.model}")
        registry._cards[card.address] = replace(card, deadline_s=0.5)
        fake.hold.clear()
        batch = self.generate(studio, fake)
        assert batch[0].status == "lost"
        assert batch[0].error is not None
        assert "billed" in batch[0].error.message
        fake.hold.set()
        wait_until(lambda: len(fake.submits) == 1)

    @needs(lambda fake: fake.job_failed)
    def test_failed_job_is_an_error(self, studio: Studio, fake: FakeProvider) -> None:
        assert fake.job_failed
        kind, reply = fake.job_failed
        fake.always[kind] = reply
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "remote_failed"
        assert len(fake.submits) == 1

    @needs(lambda fake: "poll" in fake.routes)
    def test_nonsense_to_a_poll_ends_the_wait(self, studio: Studio, fake: FakeProvider, nonsense: Reply) -> None:
        fake.always["poll"] = nonsense
        batch = self.generate(studio, fake)
        assert batch[0].status in ("error", "lost")
        assert len(fake.submits) == 1

    @needs(lambda fake: fake.unknown_status)
    def test_unknown_status_word_ends_the_wait_and_retry_asks_the_same_job(
        self, studio: Studio, fake: FakeProvider
    ) -> None:
        assert fake.unknown_status
        fake.always["poll"] = fake.unknown_status
        batch = self.generate(studio, fake)
        error = batch[0].error
        assert error is not None
        assert error.kind == "bad_response"
        assert "pondering" in error.message
        del fake.always["poll"]
        batch[0].retry()
        batch.wait(timeout_s=WAIT_S)
        check_made(batch)
        assert len(fake.submits) == 1

    @needs(lambda fake: "fetch" in fake.routes)
    def test_nonsense_in_place_of_the_result_ends_the_wait_and_retry_asks_the_same_job(
        self, studio: Studio, fake: FakeProvider, nonsense: Reply
    ) -> None:
        fake.always["fetch"] = nonsense
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "bad_response"
        del fake.always["fetch"]
        batch[0].retry()
        batch.wait(timeout_s=WAIT_S)
        check_made(batch)
        assert len(fake.submits) == 1

    def test_trouble_while_asking_is_outlasted(self, studio: Studio, fake: FakeProvider) -> None:
        trouble = [Reply.of({"error": "busy"}, 503), Reply.of({"error": "slow down"}, 429, retry_after="1")]
        kinds = [kind for kind in ("poll", "fetch", "download") if kind in fake.routes]
        fake.says = {kind: list(trouble) for kind in kinds}
        batch = self.generate(studio, fake)
        check_made(batch)
        assert len(fake.submits) == 1
        for kind in kinds:
            assert fake.count(kind) >= 3

    @needs(lambda fake: "poll" in fake.routes)
    def test_job_is_carried_on_by_the_next_process(self, fake: FakeProvider, tmp_path: Path) -> None:
        fake.polls_needed = 10**9
        with open_studio(tmp_path / "ws", fake.adapter()) as studio:
            model = f"{fake.adapter.name}:{fake.model}"
            batch_id = studio.generate(PROMPT, model=model).id
            wait_until(lambda: fake.count("poll") > 0)
        fake.polls_needed = 1
        with open_studio(tmp_path / "ws", fake.adapter()) as studio:
            batch = studio.batch(batch_id).wait(timeout_s=WAIT_S)
            check_made(batch)
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

    @needs(lambda fake: fake.not_cancelled)
    def test_cancel_that_came_too_late_says_that_it_may_be_billed(
        self, studio: Studio, fake: FakeProvider, not_cancelled: Reply
    ) -> None:
        fake.polls_needed = 10**9
        fake.always["cancel"] = not_cancelled
        batch = studio.generate(PROMPT, model=f"{fake.adapter.name}:{fake.model}")
        wait_until(lambda: fake.count("poll") > 0)
        batch.cancel()
        batch.wait(timeout_s=WAIT_S)
        assert batch[0].status == "cancelled"
        assert fake.count("cancel") > 0
        assert "billed" in (batch[0].record.note or "")

    @needs(lambda fake: "download" in fake.routes)
    def test_result_that_expired_is_said_to_be_billed(self, studio: Studio, fake: FakeProvider) -> None:
        fake.always["download"] = Reply.of({"error": "gone"}, 404)
        batch = self.generate(studio, fake)
        assert batch[0].error is not None
        assert batch[0].error.kind == "expired"
        assert "billed" in batch[0].error.message
        assert len(fake.submits) == 1
