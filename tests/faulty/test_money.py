"""What is booked.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photogram.engine.engine import Engine
from photogram.store import Cursor

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import again, check_money, first, made, set_price
from .server import Reply, Server


@pytest.mark.parametrize(
    ("cost", "micros", "source"), [(0.07, 70_000, "reported"), (0.0, 0, "free"), (None, PRICE_MICROS, "estimated")]
)
def test_reported_cost_is_booked_even_above_the_hold(
    engine: Engine, server: Server, cost: float | None, micros: int, source: str
) -> None:
    set_price(server, cost)
    generation = made(engine)
    assert (generation.cost_micros, generation.cost_source) == (micros, source)
    check_money(engine, captured=micros)


def test_unknown_price_holds_nothing_and_says_so(make_engine: Callable[..., Engine], server: Server) -> None:
    engine = make_engine(LoopbackAdapter(server.url, price_micros=None))
    set_price(server, None)
    generation = made(engine)
    assert (generation.cost_micros, generation.cost_source) == (0, "unknown")
    check_money(engine)


def test_ledger_is_never_rewritten(engine: Engine, server: Server) -> None:
    def rows(cur: Cursor) -> list[tuple[object, ...]]:
        return cur.execute("SELECT id, kind, amount_micros FROM ledger ORDER BY created_at, rowid").fetchall()

    server.on_submit = first(Reply(status=500))
    generation = made(engine)
    before = engine.read(rows).result(10)
    again(engine, generation)
    after = engine.read(rows).result(10)
    assert after[: len(before)] == before
    assert [kind for _, kind, _ in after] == ["grant", "hold", "release", "hold", "release", "capture"]
