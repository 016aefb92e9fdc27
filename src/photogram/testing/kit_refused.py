"""What every provider promises when its service says no."""

from __future__ import annotations

import pytest

from ..errors import PhotogramError
from ..studio.studio import Studio
from .base import WAIT_S, KitBase, check_made, needs
from .fake import FakeProvider
from .server import Reply

REASON = "the prompt asks for something we do not make"


class RefusedKit(KitBase):
    """Refusals, limits, keys, credit, failures."""

    @needs(lambda fake: fake.refusals)
    def test_refusal_is_no_failure_and_gives_the_reason(
        self, studio: Studio, fake: FakeProvider, refusal: tuple[str, Reply]
    ) -> None:
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

    @needs(lambda fake: fake.rate_limits)
    def test_rate_limit_waits_and_goes_on(self, studio: Studio, fake: FakeProvider, rate_limit: Reply) -> None:
        fake.says["submit"] = [rate_limit]
        batch = self.generate(studio, fake)
        check_made(batch)
        assert len(fake.submits) == 2
        assert len(fake.jobs) == 1

    @needs(lambda fake: fake.adapter.key_variables)
    def test_wrong_key_is_one_error_and_holds_the_others(self, studio: Studio, fake: FakeProvider) -> None:
        fake.always["submit"] = fake.unauthorized
        batch = self.generate(studio, fake, n=4)
        kinds = [one.error.kind for one in batch if one.error]
        assert kinds == ["auth"]
        assert sum(one.status == "pending" for one in batch) == 3
        del fake.always["submit"]
        studio.resume()
        batch.wait(timeout_s=WAIT_S)
        assert sorted(one.status for one in batch) == ["error", "success", "success", "success"]

    @needs(lambda fake: fake.adapter.key_variables and fake.adapter.key_required)
    def test_no_key_is_said_before_anything_is_written(
        self, studio: Studio, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(fake.adapter.key_variables[0])
        with pytest.raises(PhotogramError, match=fake.adapter.key_variables[0]):
            self.generate(studio, fake)
        assert studio.df().empty

    @needs(lambda fake: fake.out_of_credit)
    def test_account_without_credit_names_the_billing_page(self, studio: Studio, fake: FakeProvider) -> None:
        assert fake.out_of_credit
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
