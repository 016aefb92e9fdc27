"""Who is alive: on this computer by a lock, on another by a beat that changes, seen by the looker's own clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import portalocker
import pytest

from photogram.domain.ids import new_id
from photogram.store.beats import Beat, Host, read_sign
from photogram.store.owners import Owner

HERE = Host(name="studio-pc", machine="m1", boot="b1")
ELSEWHERE = Host(name="other-pc", machine="m2", boot="b2")
FORGED = new_id("own")


class Hand:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def make(tmp_path: Path, clock: Hand) -> Iterator[Callable[..., Owner]]:
    owners: list[Owner] = []

    def make_(host: Host = HERE) -> Owner:
        owners.append(Owner(tmp_path, monotonic=clock, host=host))
        return owners[-1]

    yield make_
    for owner in owners:
        owner.close()


def no_locks_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every lock is free, as on a network file system that keeps each computer's locks to itself."""
    monkeypatch.setattr(portalocker, "lock", lambda *_: None)
    monkeypatch.setattr(portalocker, "unlock", lambda *_: None)


@pytest.fixture
def pair(make: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch) -> tuple[Owner, Owner]:
    """One here, and a living one elsewhere whose lock cannot be seen from here."""
    owners = make(), make(ELSEWHERE)
    no_locks_between(monkeypatch)
    return owners


def test_process_of_another_host_is_gone_only_after_half_a_minute_without_a_beat(
    pair: tuple[Owner, Owner], clock: Hand
) -> None:
    mine, other = pair
    assert not mine.is_dead(other.id)
    clock.now += 29.9
    assert not mine.is_dead(other.id)
    clock.now += 0.1
    assert mine.is_dead(other.id)
    assert mine.dead() == [other.id]


def test_every_beat_counts_anew_and_what_another_hosts_clock_shows_does_not(
    pair: tuple[Owner, Owner], clock: Hand, tmp_path: Path
) -> None:
    mine, other = pair
    for _ in range(5):
        assert not mine.is_dead(other.id)
        clock.now += 29
        os.utime(tmp_path / "owners" / f"{other.id}.beat", (0, 0))
        other.beat()
    assert not mine.is_dead(other.id)
    clock.now += 30
    os.utime(tmp_path / "owners" / f"{other.id}.beat", (10**10, 10**10))
    assert mine.is_dead(other.id)


def test_looker_that_was_stopped_for_an_hour_takes_nobody_for_dead(pair: tuple[Owner, Owner], clock: Hand) -> None:
    mine, other = pair
    assert not mine.is_dead(other.id)
    other.beat()
    clock.now += 3600
    assert not mine.is_dead(other.id)


def test_who_ends_in_order_is_gone_at_once_on_every_host(pair: tuple[Owner, Owner]) -> None:
    mine, other = pair
    assert not mine.is_dead(other.id)
    other.close()
    assert mine.is_dead(other.id)


def test_lock_that_is_held_is_a_sign_of_life_from_any_host(make: Callable[..., Owner], clock: Hand) -> None:
    mine, other = make(), make(ELSEWHERE)
    assert not mine.is_dead(other.id)
    clock.now += 3600
    assert not mine.is_dead(other.id)


@pytest.mark.parametrize(
    "host",
    [HERE, Host(name="studio-pc", machine="m1", boot="b0"), Host(name="another-container", machine="", boot="b1")],
    ids=["here", "here, before it was started again", "another container of this kernel"],
)
def test_process_of_this_host_whose_lock_is_free_is_gone_at_once(make: Callable[..., Owner], host: Host) -> None:
    mine, other = make(), make(host)
    other._lock.close()  # as kill -9 leaves it
    assert mine.is_dead(other.id)
    assert mine.doubtful([other.id]) == []


def test_host_without_any_ids_is_known_by_its_name() -> None:
    assert Host(name="a").shares_locks_with(Host(name="a"))
    assert not Host(name="a").shares_locks_with(Host(name="b"))
    assert Host.here().shares_locks_with(Host.here())
    assert not Host.here().shares_locks_with(ELSEWHERE)


def test_host_is_doubtful_until_its_beat_has_changed_or_not(pair: tuple[Owner, Owner], clock: Hand) -> None:
    mine, other = pair
    assert mine.doubtful([other.id, mine.id]) == ["other-pc"]
    other.beat()
    assert mine.doubtful([other.id]) == []
    clock.now += 30
    assert mine.is_dead(other.id)
    assert mine.doubtful([other.id]) == []


def test_beat_is_written_in_its_place(make: Callable[..., Owner], tmp_path: Path) -> None:
    owner = make()
    path = tmp_path / "owners" / f"{owner.id}.beat"
    inode, size = path.stat().st_ino, path.stat().st_size
    seen = set()
    for _ in range(12):
        owner.beat()
        sign = read_sign(path)
        assert sign
        assert sign.host == HERE
        seen.add(sign.count)
        assert (path.stat().st_ino, path.stat().st_size) == (inode, size)
    assert len(seen) == 12


def test_nothing_is_left_of_one_that_was_forgotten(make: Callable[..., Owner], tmp_path: Path) -> None:
    mine, other = make(), make()
    other.close()
    mine.forget(other.id)
    assert sorted(path.stem for path in (tmp_path / "owners").iterdir()) == [mine.id] * 2


NONSENSE: list[Any] = [b"", b"\xff\xfe", b"one line", b"\n" * 900, b"a\nb\nc\nd\ne", bytes(10**6)]


@pytest.mark.parametrize("content", [*NONSENSE, "folder", *(["pipe"] if hasattr(os, "mkfifo") else [])])
def test_beat_file_that_is_none_neither_hangs_nor_keeps_a_dead_one_alive(
    make: Callable[..., Owner], tmp_path: Path, content: Any
) -> None:
    mine = make()
    (tmp_path / "owners" / f"{FORGED}.lock").touch()
    path = tmp_path / "owners" / f"{FORGED}.beat"
    if content == "pipe":
        os.mkfifo(path)
    elif content == "folder":
        path.mkdir()
    else:
        path.write_bytes(content)
    assert mine.dead() == [FORGED]
    mine.forget(FORGED)


def test_no_room_for_a_beat_file_stops_nobody(tmp_path: Path) -> None:
    beat = Beat(tmp_path / "no such folder" / "x.beat", HERE)
    beat.go_on()
    beat.end()
