"""The user's budget. 1 coin = US$ 0.001."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..domain.events import Event, EventKind
from ..domain.ids import new_id
from ..errors import BadParams
from ..store import ledger
from .waiting import wait_for

if TYPE_CHECKING:
    from .studio import Studio

MICROS_PER_COIN = 1_000


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
        if isinstance(coins, bool) or not isinstance(coins, (int, float)) or not 0 < coins < 1e12:
            raise BadParams([f"coins must be a positive number, not {coins!r}"])
        user, micros = self._studio.user, round(coins * MICROS_PER_COIN)
        event = Event(kind=EventKind.WALLET, user_id=user)
        self._studio._write(ledger.top_up, user, micros, self._studio._now(), new_id("led"), event=event)
        return self.balance_coins

    def __repr__(self) -> str:
        return f"<Wallet: {self.balance_coins:,g} coins>"
