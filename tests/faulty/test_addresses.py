"""Addresses that a provider names: those that may not be asked, and those that have expired.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

import ipaddress
import json

import pytest

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.engine.guard import Address

from .adapter import PRICE_MICROS
from .harness import again, always, check_money, check_said, first, made
from .server import CUT_BEFORE, Answer, Reply, Server, said_by_job

SUCCESS, ERROR, LOST = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.LOST


# ── Forbidden addresses ───────────────────────────────────────────────────────────────────────────────────────────────


FORBIDDEN = [
    "file:///etc/passwd", "ftp://127.0.0.1/x.png", "http://169.254.169.254/latest/meta-data/",
    "http://localhost:9/x.png", "http://10.0.0.7/x.png", "http://[::1]:9/x.png", "http://user:pw@127.0.0.1/x.png",
    "data:image/png;base64,AAAA",
]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "redirected"),
    [(url, redirected) for url in FORBIDDEN for redirected in (False, True)] + [("", False)],
)
def test_result_at_a_forbidden_address_is_never_asked_for(
    engine: Engine, server: Server, url: str, redirected: bool
) -> None:
    if redirected:
        server.on_fetch = always(Reply(status=302, headers={"location": url}))
    else:
        server.url_of = lambda _job: url
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", "The provider name", "Retry")
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_job_at_a_forbidden_address_is_never_asked_about(engine: Engine, server: Server, url: str) -> None:
    server.on_submit = first(Reply(body=json.dumps({"id": "x", "poll": url}).encode(), accepted=True))
    generation = made(engine)
    check_said(generation, LOST, "lost", "The provider named an address", "dashboard")
    assert "It may have been made, and billed." in generation.error.message
    assert server.polls == []
    check_money(engine, held=PRICE_MICROS)


def test_name_that_changes_its_address_after_it_was_checked_is_not_asked(engine: Engine, server: Server) -> None:
    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ipaddress.ip_address("93.184.216.34")]  # the system says 127.0.0.1 a moment later

    engine._http._resolve = resolve
    other = Server()
    try:
        server.url_of = lambda job: f"{other.url.replace('127.0.0.1', 'localhost')}/images/{job.id}.png"
        check_said(made(engine), ERROR, "bad_response", "private network (localhost)", "without paying")
        assert other.keys == []
    finally:
        other.close()
    check_money(engine, captured=PRICE_MICROS)


def test_key_does_not_go_to_another_host_and_a_private_one_is_not_asked(engine: Engine, server: Server) -> None:
    other = Server()
    try:
        server.url_of = lambda job: f"{other.url}/images/{job.id}.png"
        check_said(made(engine), ERROR, "bad_response", "private network", "Retry")
        server.on_poll = always(None)
        assert other.keys == []
    finally:
        other.close()


def test_redirect_within_the_provider_is_followed_and_a_loop_is_not(engine: Engine, server: Server) -> None:
    server.on_fetch = first(Reply(status=307, headers={"location": "/images/elsewhere.png"}))
    assert made(engine).status is SUCCESS
    server.on_fetch = always(Reply(status=302, headers={"location": "/images/elsewhere.png"}))
    check_said(made(engine), ERROR, "bad_response", "redirects too often", "Retry")
    check_money(engine, captured=2 * PRICE_MICROS)


# ── Expired addresses ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_address_is_polled_afresh(engine: Engine, server: Server, status: int) -> None:
    server.on_fetch = first(Reply(status=status))
    assert made(engine).status is SUCCESS
    assert (len(server.submits), len(server.polls)) == (1, 2)
    check_money(engine, captured=PRICE_MICROS)


def test_trouble_while_asking_for_a_fresh_address_is_outlasted(engine: Engine, server: Server) -> None:
    server.on_fetch = first(Reply(status=403))
    server.on_poll = lambda count: CUT_BEFORE if count == 1 else Reply(status=500) if count == 2 else None
    assert made(engine).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("later_polls", [None, Reply(status=404), Reply(status=410), said_by_job(status="failed")])
def test_result_that_is_gone_for_good_is_expired_and_was_billed(
    engine: Engine, server: Server, later_polls: Answer
) -> None:
    server.on_fetch = always(Reply(status=410))
    server.on_poll = lambda count: later_polls if count else None
    generation = made(engine)
    check_said(generation, ERROR, "expired", "made and billed, but its address has expired", "bills, it anew")
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
    server.on_fetch, server.on_poll = always(None), always(None)
    assert again(engine, generation).status is SUCCESS  # the user chose to pay again
    assert len(server.submits) == 2
    check_money(engine, captured=2 * PRICE_MICROS)
