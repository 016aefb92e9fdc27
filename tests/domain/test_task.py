"""The life of a task: the table of moves is the law, and errors come back as they were."""

from __future__ import annotations

import pytest

from photogram import errors
from photogram.domain.task import ALLOWED_MOVES, MAX_DETAIL, ErrorKind, TaskError, TaskStatus, sources_of

S = TaskStatus


def test_every_status_has_its_row_in_the_table():
    assert set(ALLOWED_MOVES) == set(TaskStatus)


def test_the_table_of_moves_is_the_agreed_one():
    moves = {(str(source), str(target)) for source, targets in ALLOWED_MOVES.items() for target in targets}
    assert moves == {
        ("pending", "processing"), ("pending", "error"), ("pending", "cancelled"),
        ("processing", "pending"), ("processing", "processing"), ("processing", "success"), ("processing", "error"),
        ("processing", "cancelled"), ("processing", "lost"),
        ("error", "processing"), ("error", "success"),
        ("cancelled", "success"),
        ("lost", "processing"), ("lost", "success"), ("lost", "error"),
    }  # fmt: skip


def test_nothing_leaves_success():
    assert not ALLOWED_MOVES[S.SUCCESS]


def test_what_was_never_sent_cannot_succeed_or_be_lost():
    assert "pending" not in sources_of(S.SUCCESS)
    assert "pending" not in sources_of(S.LOST)


def test_only_a_mark_made_by_us_goes_back_to_pending():
    assert sources_of(S.PENDING) == ("processing",)


def test_pending_and_processing_are_the_only_unfinished_ones():
    assert {status for status in TaskStatus if not status.finished} == {S.PENDING, S.PROCESSING}


def test_every_error_kind_has_its_exception():
    assert {str(kind) for kind in ErrorKind} == set(errors.BY_KIND)


@pytest.mark.parametrize("kind", [str(kind) for kind in ErrorKind])
def test_a_stored_error_is_raised_again_as_what_it_was(kind):
    stored = TaskError(kind=kind, message="It broke.", next_step="Mend it.", detail="HTTP 500", task_id="tsk_1")
    raised = stored.exception()
    assert type(raised) is errors.BY_KIND[kind]
    assert str(raised) == "It broke. Mend it."
    assert raised.detail == "HTTP 500"


def test_the_detail_of_an_error_is_limited():
    error = errors.RemoteFailed("It broke.", detail="x" * 10_000)
    assert len(TaskError.of(error).detail) == MAX_DETAIL


def test_every_error_a_row_can_remember_says_what_to_do():
    for kind, cls in errors.BY_KIND.items():
        assert cls.default_next_step or kind in {"bad_request", "expired"}, kind
