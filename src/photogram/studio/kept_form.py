"""The one form of a user in this process: every cell and every panel reads and sets the same, and it is remembered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .. import config
from ..domain.card import ModelCard
from ..domain.events import Event, EventKind
from ..engine.engine import Engine
from ..errors import UnknownModel
from ..store import settings
from ..store.rows import Cursor
from .form import Form, recall
from .waiting import wait_for

if TYPE_CHECKING:
    from .studio import Studio

SETTING = "panel_form"

_kept: WeakKeyDictionary[Engine, dict[str, KeptForm]] = WeakKeyDictionary()
_guard = Lock()


def find_form(studio: Studio) -> KeptForm:
    """Returns the form of the studio's user; studios on one folder in one process share it. Any thread."""
    with _guard:
        forms = _kept.setdefault(studio._engine, {})
        if studio.user not in forms:
            forms[studio.user] = KeptForm(studio._engine, studio.user)
        return forms[studio.user]


class KeptForm:
    """A form that changes, is remembered, and tells of it. Any thread.

    Args:
        engine: Its workspace's.
        user: Whose.

    Attributes:
        value: The form as it is now.
        at: How often it changed; another number means another form.
    """

    def __init__(self, engine: Engine, user: str) -> None:
        self._engine, self._user = engine, user
        self._lock = Lock()
        self.value = recall(wait_for(engine.read(settings.get_setting, user, SETTING)), config.default_model())
        self.at = 0
        with suppress(UnknownModel):  # a model that is gone stays chosen, so that the panel can say so
            self.value, _ = self.value.switch(self.card)

    @property
    def card(self) -> ModelCard:
        """The chosen model's card.

        Raises:
            UnknownModel: It is gone.
        """
        return self._engine.registry.card(self.value.model)

    def change(self, make: Callable[[Form], Form]) -> Form:
        """Makes the form another one, and returns it. What two threads change at once, both have changed.

        Args:
            make: Returns the new form from the one that is there; it must be quick, and may raise to change nothing.

        Raises:
            StoreBusy, StorageFailed: It is changed, but not remembered.
        """
        with self._lock:
            before, form = self.value, make(self.value)
            if form == before:
                return form
            self.value, self.at = form, self.at + 1
        wait_for(self._engine.write(self._remember, event=Event(kind=EventKind.FORM, user_id=self._user)))
        return form

    def _remember(self, cur: Cursor) -> None:
        """Writes the form that is there when the turn comes: of two changes the later one stays."""
        settings.set_setting(cur, self._user, SETTING, self.value.as_json())
