"""Retry, cancel, delete, undo and star."""

from __future__ import annotations

import pytest

from photogram.domain.task import TaskStatus
from photogram.errors import InsufficientCoins, NotFound, NotReady, UnknownModel

from .conftest import rows

S = TaskStatus


def tasks_of(studio, generation) -> list[tuple[int, str]]:
    return studio._read(
        lambda cur: cur.execute(
            "SELECT attempt, status FROM tasks WHERE generation_id = ? ORDER BY attempt", [generation.id]
        ).fetchall()
    )


# ── Retry ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_retry_makes_a_new_task_and_keeps_the_earlier_attempts(studio):
    batch = studio.generate("refuse this").wait(10)
    for attempts in (2, 3):
        assert batch[0].retry().id == batch[0].id
        batch.wait(10)
        assert tasks_of(studio, batch[0]) == [(attempt, "error") for attempt in range(1, attempts + 1)]
        assert batch[0].record.attempts == attempts
    assert studio.df()["attempts"].tolist() == [3]


def test_a_retry_keeps_seed_params_and_references(studio, dots):
    batch = studio.generate("a cat", n=2, seed=5, width=20, images=studio.generate("x").wait(10)[0]).wait(10)
    dots.runs.clear()
    batch[1].retry()
    batch.wait(10)
    (request,) = dots.runs
    assert request.seed == 6
    assert request.params["width"] == 20
    assert len(request.references) == 1


def test_a_finished_image_can_be_made_once_more_and_stays_until_then(studio, dots):
    batch = studio.generate("a cat", seed=1).wait(10)
    path = batch[0].path
    batch[0].retry()
    batch.wait(10)
    assert tasks_of(studio, batch[0]) == [(1, "success"), (2, "success")]
    assert batch[0].path == path


def test_an_image_that_is_made_again_and_fails_is_not_shown_as_a_success(studio, dots):
    batch = studio.generate("a cat").wait(10)
    run = dots.run
    dots.run = lambda request, progress, cancelled: run(
        type(request)(**{name: getattr(request, name) for name in request.__slots__} | {"prompt": "refuse"}),
        progress, cancelled,
    )  # fmt: skip
    batch[0].retry()
    assert batch.wait(10)[0].status is S.ERROR


def test_a_retry_of_what_is_under_way_changes_nothing(studio, dots):
    batch = studio.generate("hold on")
    batch[0].retry()
    batch[0].retry()
    dots.go.set()
    batch.wait(10)
    assert tasks_of(studio, batch[0]) == [(1, "success")]


def test_retrying_a_batch_makes_only_what_is_missing(studio, dots):
    batch = studio.generate("hold on", n=4)
    dots.started.wait(5)
    batch[3].cancel()
    batch[0].cancel()
    dots.go.set()
    batch.wait(10)
    assert batch.retry() is batch
    batch.wait(10)
    assert [one.status for one in batch] == [S.SUCCESS] * 4
    assert sum(len(tasks_of(studio, one)) for one in batch) == 6


def test_a_retry_right_after_a_cancel_makes_the_image(studio, dots):
    batch = studio.generate("hold on")
    dots.started.wait(5)
    batch[0].cancel()
    batch[0].retry()
    dots.go.set()
    assert batch.wait(10)[0].status is S.SUCCESS
    assert tasks_of(studio, batch[0]) == [(1, "cancelled"), (2, "success")]


def test_a_retry_that_the_wallet_cannot_pay_is_refused(studio):
    batch = studio.generate("a cat", model="dots:dear", n=10).wait(20)
    assert studio.wallet.balance_coins == 0
    with pytest.raises(InsufficientCoins):
        batch[0].retry()
    assert len(tasks_of(studio, batch[0])) == 1
    studio.wallet.top_up(coins=1_000)
    batch[0].retry()
    batch.wait(10)
    assert batch[0].cost_usd == 2.0
    assert studio.wallet.balance_coins == 0


def test_a_retry_with_a_model_that_is_gone_says_so(studio):
    batch = studio.generate("a cat").wait(10)
    del studio._engine.registry._cards["dots:plain"]
    with pytest.raises(UnknownModel):
        batch[0].retry()


# ── Cancel ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_cancel_stops_what_waits_and_what_runs(studio, dots):
    batch = studio.generate("hold on", n=5)  # two run, three wait
    dots.started.wait(5)
    batch.cancel()
    assert [one.status for one in batch.wait(10)] == [S.CANCELLED] * 5
    assert not dots.go.is_set()
    assert len(dots.runs) <= 2
    with pytest.raises(NotReady, match="cancelled"):
        _ = batch[0].image


def test_once_cancel_returned_the_image_is_cancelled(studio, dots):
    batch = studio.generate("hold on", n=3)
    dots.started.wait(5)
    batch[0].cancel()
    assert batch[0].status is S.CANCELLED
    batch[2].cancel()
    assert batch[2].status is S.CANCELLED


def test_a_cancelled_place_is_taken_by_the_next(studio, dots):
    held = studio.generate("hold on", n=2)
    waiting = studio.generate("a cat")
    dots.started.wait(5)
    held.cancel()
    assert waiting.wait(10)[0].status is S.SUCCESS


def test_cancelling_what_is_over_changes_nothing(studio):
    batch = studio.generate("a cat", n=2).wait(10)
    batch.cancel()
    batch[0].cancel()
    assert [one.status for one in batch] == [S.SUCCESS] * 2


# ── Delete ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deleted_image_is_gone_from_everything_and_undo_brings_it_back(studio):
    batch = studio.generate("a cat", n=2).wait(10)
    path = batch[0].path
    batch[0].delete()
    assert len(studio.df()) == len(studio.sql("select * from history")) == len(batch.df()) == 1
    with pytest.raises(NotFound, match="was deleted"):
        _ = batch[0].status
    with pytest.raises(NotFound):
        batch[0].retry()
    assert path.is_file()
    batch[0].undelete()
    assert batch[0].path == path
    assert len(studio.df()) == 2


def test_a_deleted_batch_is_gone_from_everything_and_undo_brings_it_back(studio):
    batch = studio.generate("a cat", n=2).wait(10)
    batch[1].delete()
    batch.delete()
    assert studio.batches() == []
    assert studio.df().empty
    reads = (lambda: batch.record, batch.df, batch.settings, batch.save_zip, lambda: batch[0].path)
    for use in (*reads, batch.retry, batch.delete, batch[0].retry):
        with pytest.raises(NotFound):
            use()
    batch.undelete()
    assert len(batch.df()) == 1  # the one that was deleted by itself stays deleted


def test_deleting_an_image_under_way_cancels_it_first(studio, dots):
    batch = studio.generate("hold on", n=3)
    dots.started.wait(5)
    batch[0].delete()
    batch[2].delete()
    dots.go.set()
    batch.wait(10)
    batch[0].undelete()
    batch[2].undelete()
    assert [one.status for one in batch] == [S.CANCELLED, S.SUCCESS, S.CANCELLED]


def test_a_deleted_image_keeps_its_cost_in_the_wallet(studio):
    batch = studio.generate("a cat", model="dots:dear").wait(10)
    assert batch.cost_usd == 1.0
    batch.delete()
    assert studio.wallet.balance_coins == 9_000
    assert rows(studio)["ledger"] == 4  # grant, hold, release, capture


def test_a_failed_image_costs_nothing(studio):
    batch = studio.generate("refuse this", model="dots:dear").wait(10)
    assert batch.cost_usd == 0
    assert studio.wallet.balance_coins == 10_000


def test_a_star_stays(studio):
    one = studio.generate("a cat").wait(10)[0]
    one.star()
    assert one.record.starred
    one.star(False)
    assert not one.record.starred


def test_the_wallet_takes_only_sensible_amounts(studio):
    from photogram.errors import BadParams

    assert studio.wallet.top_up(coins=500) == 10_500
    for coins in (0, -1, True, "5", float("nan"), float("inf"), 1e13, None):
        with pytest.raises(BadParams, match="coins must be a positive number"):
            studio.wallet.top_up(coins=coins)
    assert studio.wallet.balance_coins == 10_500
