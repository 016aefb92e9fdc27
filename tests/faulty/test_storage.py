"""The disk fails where a paid image is to be stored: nothing paid is lost, and nothing is paid twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import StorageFailed

from .adapter import PRICE_MICROS
from .harness import again, check_money, check_said, made, until
from .server import Server, png

SUCCESS, ERROR = TaskStatus.SUCCESS, TaskStatus.ERROR


def refuse(engine: Engine, monkeypatch: pytest.MonkeyPatch, *names: str, times: int = 10**6) -> list[str]:
    """Lets the disk refuse these operations; returns the list of refusals, which grows."""
    refused: list[str] = []
    for name in names:
        real = getattr(engine.store.files, name)

        def failing(*args: object, _real: Callable[..., object] = real, _name: str = name, **options: object) -> object:
            if refused.count(_name) >= times:
                return _real(*args, **options)
            refused.append(_name)
            raise StorageFailed("No space left on device.", next_step="Free some disk space, then retry.")

        monkeypatch.setattr(engine.store.files, name, failing)
    return refused


def test_disk_that_refuses_twice_is_tried_a_third_time(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refuse(engine, monkeypatch, "put", times=2)
    assert made(engine).status is SUCCESS
    assert len(refused) == 2
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_disk_that_refuses_three_times_spills_and_retry_stores_without_paying(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    with monkeypatch.context() as patch:
        refused = refuse(engine, patch, "put")
        generation = made(engine)
    check_said(generation, ERROR, "storage", "could not be stored: No space left", "Free some disk space")
    assert generation.error
    spilled = workspace / "spill" / f"{generation.task_id}.png"
    assert str(spilled.resolve()) in generation.error.detail
    assert spilled.read_bytes() == png()
    assert (len(refused), len(server.submits)) == (3, 1)
    assert generation.cost_micros == PRICE_MICROS
    check_money(engine, captured=PRICE_MICROS)
    asked = len(server.keys)
    stored = again(engine, generation)
    assert (stored.status, stored.task_id, stored.cost_micros) == (SUCCESS, generation.task_id, PRICE_MICROS)
    assert stored.asset
    assert engine.store.files.read(stored.asset.sha256, extension="png") == png()
    assert (len(server.submits), len(server.keys)) == (1, asked)
    check_money(engine, captured=PRICE_MICROS)
    until(lambda: not spilled.exists())


def test_image_that_could_be_kept_nowhere_is_fetched_again_without_paying(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refuse(engine, patch, "put", "spill")
        generation = made(engine)
    check_said(generation, ERROR, "storage", "could not be stored", "Free some disk space")
    assert generation.error
    assert "could not be kept anywhere" in generation.error.detail
    check_money(engine, captured=PRICE_MICROS)
    stored = again(engine, generation)
    assert (stored.status, stored.task_id) == (SUCCESS, generation.task_id)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_retry_while_the_disk_is_still_full_changes_nothing(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refuse(engine, patch, "put")
        generation = made(engine)
        with pytest.raises(StorageFailed, match="Free some disk space"):
            again(engine, generation)
    check_money(engine, captured=PRICE_MICROS)
    assert again(engine, generation).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_little_room_refuses_before_anything_is_sent(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.store.files, "free_bytes", lambda: 400_000_000)
    generation = made(engine)
    check_said(generation, ERROR, "storage", "nothing was sent", "Free some disk space")
    assert server.asked == []
    check_money(engine)


def test_failed_thumbnail_does_not_fail_its_image(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    refused = refuse(engine, monkeypatch, "put_thumb")
    generation = made(engine)
    until(lambda: refused)
    assert (generation.status, generation.error) == (SUCCESS, None)
    assert list((workspace / "thumbs").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("LOOPBACK_KEY", "k")
    assert made(engine).status is SUCCESS  # the workers live
    check_money(engine, captured=2 * PRICE_MICROS)


# ── Files that somebody else removes ────────────────────────────────────────────────────────────────────────────────


def remove_once_put(engine: Engine, monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Lets stored images vanish at once; returns those that did."""
    gone: list[str] = []
    real = engine.store.files.put

    def put(data: bytes, **options: Any) -> str:
        sha256 = real(data, **options)
        if len(gone) < times:
            gone.append(sha256)
            engine.store.files.delete(sha256, extension="png")
        return sha256

    monkeypatch.setattr(engine.store.files, "put", put)
    return gone


def test_image_that_is_removed_before_its_row_is_there_is_stored_again(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = remove_once_put(engine, monkeypatch, 2)
    assert made(engine).status is SUCCESS
    assert (len(gone), len(server.submits)) == (2, 1)
    check_money(engine, captured=PRICE_MICROS)


def test_image_that_is_always_removed_ends_in_spill_with_a_next_step_and_retry_stores_it(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    with monkeypatch.context() as patch:
        remove_once_put(engine, patch, 10**6)
        generation = made(engine)
    check_said(generation, ERROR, "storage", "could not be stored: The image file", "Find out what removes files")
    assert (workspace / "spill" / f"{generation.task_id}.png").read_bytes() == png()
    check_money(engine, captured=PRICE_MICROS)
    assert again(engine, generation).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
