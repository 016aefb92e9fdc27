"""A remote provider, seen from the studio."""

from __future__ import annotations

from pathlib import Path

import pytest
from faulty.adapter import LoopbackAdapter
from faulty.server import Server

import photogram as pg
from photogram.errors import InsufficientCoins, MissingKey


@pytest.fixture
def studio(tmp_path: Path, server: Server):
    with pg.Studio(tmp_path / "ws") as studio:
        studio._engine.registry.add(LoopbackAdapter(server.url))
        yield studio


def test_generate_without_a_key_names_the_variable_and_writes_nothing(studio, monkeypatch) -> None:
    monkeypatch.delenv("LOOPBACK_KEY")
    with pytest.raises(MissingKey, match="LOOPBACK_KEY"):
        studio.generate("a boat", model="loopback:img")
    assert studio.df().empty
    assert studio.topics() == []
    row = studio.models().set_index("model").loc["loopback:img"]
    assert not row["key_present"]


def test_generate_books_what_the_provider_reported(studio, server: Server) -> None:
    batch = studio.generate("a boat", model="loopback:img", n=2, seed=5).wait(30)
    assert batch.cost_usd == pytest.approx(0.08)
    assert studio.wallet.balance_coins == pytest.approx(9_920)
    assert set(batch.df()["cost_source"]) == {"reported"}
    entries = studio.wallet.ledger()
    assert entries["kind"].value_counts().to_dict() == {"hold": 2, "release": 2, "capture": 2, "grant": 1}
    assert entries["balance_coins"].iloc[-1] == pytest.approx(9_920)
    assert sorted(submit["seed"] for submit in server.submits) == [5, 6]


def test_dry_run_says_what_it_may_cost_and_writes_nothing(studio, server: Server) -> None:
    quote = studio.generate("a boat", model="loopback:img", n=3, dry_run=True)
    assert (quote.n, quote.total_usd, quote.per_image_usd, quote.total_coins) == (3, 0.12, 0.04, 120)
    assert quote.balance_coins == 10_000
    assert studio.df().empty
    assert server.submits == []


def test_wallet_that_is_too_small_writes_nothing_and_says_how_to_top_up(studio, server: Server) -> None:
    for _ in range(5):
        studio.generate("a boat", model="loopback:img", n=50)
    with pytest.raises(InsufficientCoins, match="top_up") as raised:
        studio.generate("a boat", model="loopback:img", n=50)
    assert raised.value.need_micros == 2_000_000
    assert raised.value.have_micros < 2_000_000
    assert len(studio.df()) == 250
    assert studio.cancel_all() >= 0
