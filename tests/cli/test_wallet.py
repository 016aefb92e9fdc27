"""`photogram wallet`, in a process of its own; its numbers are whole coins, so equal means equal."""

from __future__ import annotations

import json

import pytest

from .conftest import Shell


def ask(shell: Shell, *arguments: str) -> object:
    done = shell("wallet", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_balance_of_a_new_workspace_is_its_first_grant(process: Shell) -> None:
    assert ask(process, "balance") == {"balance_coins": 10_000, "held_coins": 0, "lost": 0}
    assert ask(process) == ask(process, "balance"), "the balance is what the command says by itself"
    said = process("wallet")
    assert (said.returncode, said.stdout) == (0, "10,000 coins (US$ 10.00)\n")


def test_top_up_is_an_entry_of_the_ledger(shell: Shell) -> None:
    assert shell("wallet", "ledger").stdout.startswith("No entries yet")
    assert ask(shell, "top-up", "500") == {"balance_coins": 10_500, "held_coins": 0, "lost": 0}
    entries = ask(shell, "ledger")
    assert isinstance(entries, list)
    assert [(one["kind"], one["coins"], one["balance_coins"], one["note"]) for one in entries] == [
        ("grant", 10_000, 10_000, "first grant"), ("grant", 500, 10_500, "top-up"),
    ]  # fmt: skip
    table = shell("wallet", "ledger").stdout.splitlines()
    assert table[0].split() == ["created_at", "kind", "coins", "balance_coins", "task_id", "note"]
    assert len(table) == 3


def test_caps_are_set_one_by_one_and_taken_off(shell: Shell) -> None:
    assert ask(shell, "caps") == {"day_coins": None, "topic_coins": None}
    assert ask(shell, "caps", "--day", "250.5") == {"day_coins": 250.5, "topic_coins": None}
    assert ask(shell, "caps", "--topic", "0") == {"day_coins": 250.5, "topic_coins": 0}
    assert shell("wallet", "caps").stdout == "day    250.5 coins\ntopic  0 coins\n"
    assert ask(shell, "caps", "--day", "none") == {"day_coins": None, "topic_coins": 0}
    assert shell("wallet", "caps").stdout == "day    no cap\ntopic  0 coins\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("top-up",), "COINS"),
        (("top-up", "0"), "above 0"),
        (("top-up", "-5"), "COINS"),
        (("top-up", "many"), "a number of coins"),
        (("top-up", "inf"), "a number of coins"),
        (("top-up", "1e13"), "coins must be a positive number"),
        (("caps", "--day", "-1"), "--day"),
        (("caps", "--topic", "x"), "a number of coins"),
        (("settle", "tsk_x"), "--billed"),
        (("settle", "tsk_x", "--billed", "--not-billed"), "not allowed"),
        (("settle", "tsk_x", "--billed"), "no lost task tsk_x"),
        (("spend",), "spend"),
    ],
)
def test_wrong_call_exits_with_2_and_changes_nothing(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = shell("wallet", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert ask(shell, "ledger") == []


def test_nothing_lost_is_said_and_is_an_empty_list(shell: Shell) -> None:
    assert ask(shell, "lost") == []
    assert shell("wallet", "lost").stdout == "Nothing is lost.\n"
