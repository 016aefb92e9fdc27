"""The user's budget. 1 coin = US$ 0.001."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from ..domain.events import Event, EventKind
from ..domain.ids import is_id, new_id
from ..domain.params import show
from ..errors import BadParams
from ..store import holds, ledger
from ..store.ending import settle_lost
from .asking import read_frame
from .generation import Generation
from .waiting import wait_for

if TYPE_CHECKING:
    import pandas as pd

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

    @property
    def held_coins(self) -> float:
        """What is held, in coins, for images under way and for lost ones; the balance is without it."""
        return self._studio._read(ledger.held, self._studio.user) / MICROS_PER_COIN

    def top_up(self, *, coins: float) -> float:
        """Adds coins, and returns the new balance in coins.

        Raises:
            BadParams: It is not a positive number.
        """
        if isinstance(coins, bool) or not isinstance(coins, (int, float)) or not 0 < coins < MOST_COINS:
            raise BadParams([f"coins must be a positive number, not {show(coins)}"])
        user, micros = self._studio.user, round(coins * MICROS_PER_COIN)
        event = Event(kind=EventKind.WALLET, user_id=user)
        self._studio._write(ledger.top_up, user, micros, self._studio._now(), new_id("led"), event=event)
        return self.balance_coins

    def ledger(self) -> pd.DataFrame:
        """Returns every entry, oldest first: created_at, kind, coins (signed), balance_coins, task_id, note."""
        return read_frame(self._studio, ledger.list_ledger)

    def lost(self) -> pd.DataFrame:
        """Returns the lost tasks that wait to be settled, oldest first; also those whose image was retried or deleted.

        Columns: task_id, generation_id, batch_id, prompt, provider, model, held_coins, sent_at (UTC), error.
        """
        return read_frame(self._studio, holds.list_lost)

    def settle(self, lost: str | Generation | Mapping[str, Any] | pd.Series[Any], *, billed: bool) -> float:
        """Settles a lost task as you found out at the provider, and returns the new balance in coins.

        Args:
            lost: The image, the task's id, or a row of `lost()`.
            billed: True books what was held for it; False returns that.

        Raises:
            BadParams: That names no task, or several.
            NotFound: It is not lost, or settled already.
            NotYours: It is another user's.
        """
        if not isinstance(billed, bool):
            raise BadParams([f"billed must be True or False, not {show(billed)}"])
        task_id, user = self._task_of(lost), self._studio.user
        event = Event(kind=EventKind.WALLET, user_id=user, task_id=task_id)
        self._studio._write(settle_lost, user, task_id, billed, self._studio._now(), event=event)
        return self.balance_coins

    def _task_of(self, lost: object) -> str:
        if isinstance(lost, str) and is_id(lost, "gen"):
            lost = self._studio.generation(lost)
        if isinstance(lost, Generation):
            tasks = self._studio._read(holds.lost_of_generation, self._studio.user, lost.id)
            if len(tasks) > 1:
                raise BadParams([f"{lost.id} has {len(tasks)} lost tasks: name one of {', '.join(tasks)}"])
            return tasks[0] if tasks else lost.record.task_id
        task_id = lost.get("task_id") if hasattr(lost, "get") else getattr(lost, "task_id", lost)
        if not isinstance(task_id, str):
            raise BadParams([f"a lost task is named by its id, its image or a row of wallet.lost(), not {show(lost)}"])
        return task_id

    def caps(self) -> dict[str, float]:
        """Returns the spending caps that are set, in coins, by "day" and "topic"."""
        caps = self._studio._read(ledger.read_caps, self._studio.user)
        return {name: micros / MICROS_PER_COIN for name, micros in caps.items()}

    def set_caps(
        self, *, day_coins: float | EllipsisType | None = ..., topic_coins: float | EllipsisType | None = ...
    ) -> dict[str, float]:
        """Sets spending caps, and returns what is set now. A cap that is left out stays as it is.

        Args:
            day_coins: Coins that may be spent in a day (UTC); None takes the cap off.
            topic_coins: Coins that may be spent in one topic; None takes the cap off.

        Raises:
            BadParams: One is negative, or no number.
        """
        changes: dict[str, int | None] = {}
        for name, coins in (("day", day_coins), ("topic", topic_coins)):
            if coins is None:
                changes[name] = None
            elif not isinstance(coins, EllipsisType):
                if isinstance(coins, bool) or not isinstance(coins, (int, float)) or not 0 <= coins < MOST_COINS:
                    raise BadParams([f"{name}_coins must be a number from 0 on, not {show(coins)}"])
                changes[name] = round(coins * MICROS_PER_COIN)
        self._studio._write(ledger.set_caps, self._studio.user, changes)
        return self.caps()

    def __repr__(self) -> str:
        held, lost = self.held_coins, len(self.lost())
        of_them = f" (of that for {lost} lost: wallet.lost() lists them)" if lost else ""
        return f"<Wallet: {self.balance_coins:,g} coins{f', {held:,g} more held{of_them}' if held else ''}>"
