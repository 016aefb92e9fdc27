"""A press of Generate, or of More: what it asks for is made once, or not at all, however often it is sent again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..domain.ids import is_id
from ..errors import BadParams, BadReference, NotFound, NotYours, PhotogramError
from ..store.outline import load_batches
from ..studio import Batch, Topic
from ..studio.form import Form
from ..studio.press import press, press_again
from . import said
from .reusing import find_batch
from .wire import Json, Reply

if TYPE_CHECKING:
    from .controller import Controller

log = logging.getLogger("photogram")

MOST_REFUSED = 200
"""Refused presses that are remembered."""


class Pressing:
    """Starts batches whose ids the browser made.

    Args:
        controller: Whose form is pressed.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._studio = controller.studio
        self._refused: dict[str, Json] = {}

    def press(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Starts a batch. A press that was told as refused stays so: sent again, it only hears that again."""
        press_id = said.text(message, "id")
        if not is_id(press_id, "bat"):
            raise BadParams(["a press has an id of its own"])
        if refused := self._refused.get(press_id):
            return [Reply({**refused, "view": message["view"]})]
        pressed = {"kind": "pressed", "view": message["view"], "id": press_id}
        if again := said.text(message, "of"):
            more = press_again(self._studio, find_batch(self._studio, again).record, batch_id=press_id)
            return [Reply(pressed | {"topic": more.topic_id})]
        if made := self._studio._read(load_batches, self._studio.user, [press_id]):  # the form may be another by now
            return [Reply(pressed | {"topic": made[0].topic_id})]
        if changes := said.table(message, "changes"):  # what its form was not yet answered for
            self._controller.take(changes)
        form = self._read_form(message)
        images = [self._controller.references.read(asset) for asset in form.references]
        batch = press(
            self._studio, form.prompt, model=form.model, n=form.n, topic=self._find_topic(message),
            images=images or None, dry_run=False, key=None, params=form.params, batch_id=press_id,
        )  # fmt: skip
        assert isinstance(batch, Batch)
        self._clear_prompt(form.prompt)
        return [Reply(pressed | {"topic": batch.topic_id}), self._controller.tell_form(by=message["view"])]

    def remember(self, refused: Json) -> None:
        """Keeps what a press was told that was refused: what is told as failed is never made later."""
        press_id = said.text(refused, "id")
        self._refused.setdefault(press_id, refused)
        if len(self._refused) > MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    def _read_form(self, message: Json) -> Form:
        """Returns the form as the view shows it, which is what is paid for.

        Raises:
            BadReference: It shows a reference that the form does not hold (any more).
            UnknownModel: Its model is gone.
        """
        given, form = said.table(message, "form"), self._controller.form
        if (model := said.text(given, "model")) and model != form.model:
            form = form.switch(self._controller.find_card(model, form))[0]
        if isinstance(given.get("params"), dict):  # all that it shows, and no other
            form = replace(form, params={})
        form = form.change(given)
        held = [asset.sha256 for asset in form.references]
        if isinstance(shown := given.get("references"), list) and any(one not in held for one in shown):
            raise BadReference(
                "A reference image is not in the form any more.", next_step="Add it again, then press Generate."
            )
        return form

    def _find_topic(self, message: Json) -> Topic | None:
        """Returns the topic that was on the screen, if it is there; else the active one is meant."""
        topic_id = said.text(message, "topic")
        with suppress(NotFound, NotYours):
            return self._studio.topic(topic_id) if is_id(topic_id, "top") else None
        return None

    def _clear_prompt(self, pressed: str) -> None:
        """Takes out the prompt that was pressed; one that a cell or another view wrote meanwhile stays."""
        try:
            self._controller.change(lambda form: replace(form, prompt="") if form.prompt == pressed else form)
        except PhotogramError as error:  # the batch is made: that the draft is not remembered is no failure of it
            log.warning("the form is not remembered: %s", error)
