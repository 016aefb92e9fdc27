"""The user's budget. 1 coin = US$ 0.001."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..domain.events import Event, EventKind
from ..domain.ids import new_id
from ..errors import BadParams
from ..store import ledger, settings
from ..store.ending import settle_lost
from .waiting import wait_for

if TYPE_CHECKING:
    import pandas as pd

    from .generation import Generation
    from .studio import Studio

MICROS_PER_COIN = 1_000
MOST_COINS = 1e12


class Wallet:
    """What this user may spend in this workspace. Any thread."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    @property
    def balance_coins(self) -> float:
        """What it holds, in coins."""
        return wait_for(self._studio._engine.read(ledger.balance, self._studio.user)) / MICROS_PER_COIN

    def top_up(self, *, coins: float) -> float:
        """Adds coins, and returns the new balance in coins.

        Raises:
            BadParams: It is not a positive number.
        """
        if isinstance(coins, bool) or not isinstance(coins, (int, float)) or not 0 < coins < MOST_COINS:
            raise BadParams([f"coins must be a positive number, not {coins!r}"])
        user, micros = self._studio.user, round(coins * MICROS_PER_COIN)
        event = Event(kind=EventKind.WALLET, user_id=user)
        self._studio._write(ledger.top_up, user, micros, self._studio._now(), new_id("led"), event=event)
        return self.balance_coins

    def ledger(self) -> pd.DataFrame:
        """Returns every entry, oldest first: created_at, kind, coins (signed), balance_coins, task_id, note."""
        return wait_for(self._studio._engine.read(ledger.list_ledger, self._studio.user))

    def settle(self, task: str | Generation, *, billed: bool) -> float:
        """Settles a lost task as you found out at the provider, and returns the new balance in coins.

        Args:
            task: The task's id, or the image.
            billed: True books what was held for it; False returns that.

        Raises:
            NotFound: It is not lost, or settled already.
            NotYours: It is another user's.
        """
        task_id = task if isinstance(task, str) else task.record.task_id
        user = self._studio.user
        event = Event(kind=EventKind.WALLET, user_id=user, task_id=task_id)
        self._studio._write(settle_lost, user, task_id, billed, self._studio._now(), event=event)
        return self.balance_coins

    def caps(self) -> dict[str, float]:
        """Returns the spending caps that are set, in coins, by "day" and "topic"."""
        caps = self._studio._read(settings.get_setting, self._studio.user, ledger.CAPS) or {}
        return {name: micros / MICROS_PER_COIN for name, micros in caps.items()}

    def set_caps(self, *, day_coins: float | None = None, topic_coins: float | None = None) -> dict[str, float]:
        """Sets spending caps, and returns what is set now.

        Args:
            day_coins: Coins that may be spent in a day (UTC); None takes the cap off.
            topic_coins: Coins that may be spent in one topic; None takes the cap off.

        Raises:
            BadParams: One is negative, or no number.
        """
        caps = {}
        for name, coins in (("day", day_coins), ("topic", topic_coins)):
            if coins is None:
                continue
            if isinstance(coins, bool) or not isinstance(coins, (int, float)) or not 0 <= coins < MOST_COINS:
                raise BadParams([f"{name}_coins must be a number from 0 on, not {coins!r}"])
            caps[name] = round(coins * MICROS_PER_COIN)
        self._studio._write(settings.set_setting, self._studio.user, ledger.CAPS, caps)
        return self.caps()

    def __repr__(self) -> str:
        return f"<Wallet: {self.balance_coins:,g} coins>"
