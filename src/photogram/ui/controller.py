"""What the panel can do, in plain Python: it knows no widget, no thread and no connection.

A message in, messages out. Every method may block for moments; whoever calls it does so off the engine's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from .. import config
from ..domain.asset import Asset, sniff_mime
from ..domain.card import ModelCard
from ..domain.ids import is_id
from ..errors import BadParams, BadReference, PhotogramError, UnknownModel
from ..store import settings, topics
from ..store.outline import Wanted, list_changes, load_batches, read_outline
from ..studio import Studio
from ..studio.press import press
from ..studio.references import measure_reference
from . import said
from .actions import ACTIONS
from .describe import describe_model, list_choices
from .form import Form, find_problems, recall, settle
from .pictures import read_file, read_small
from .texts import choose_language, read_texts
from .uploads import Uploads
from .wire import (
    Json,
    Reply,
    write_batch,
    write_error,
    write_image,
    write_reference,
    write_row,
    write_time,
    write_topic,
)

log = logging.getLogger("photogram")

FORM, LAYOUT = "panel_form", "panel_layout"
"""The settings that keep the form, and which panels are folded."""

DETAILS = 10
"""Batches that come with an outline; more are asked for by as many."""

MOST_IDS = 60
"""Ids that one message may ask for."""


class Controller:
    """The panel of one studio, whichever front end shows it.

    Args:
        studio: Whose.
        lang: Language of the texts; else the browser's.
    """

    studio: Studio
    form: Form

    def __init__(self, studio: Studio, *, lang: str | None = None) -> None:
        self.studio = studio
        self._lang = lang
        self._uploads = Uploads()
        self.form = recall(self._remembered(FORM), config.default_model())
        with suppress(UnknownModel):  # a model that is gone stays chosen, so that the panel can say so
            self.form, _ = self.form.switch(self.card)
        self._answers: dict[str, Callable[[Json, Sequence[bytes]], list[Reply]]] = {
            "hello": self._hello, "look": self._look, "beat": self._beat, "batches": self._batches,
            "thumbs": self._thumbs, "full": self._full, "press": self._press, "form": self._form,
            "upload": self._upload, "layout": self._layout, "act": self._act,
        }  # fmt: skip

    @property
    def card(self) -> ModelCard:
        """The chosen model's card.

        Raises:
            UnknownModel: It is gone.
        """
        return self.studio._engine.registry.card(self.form.model)

    def answer(self, message: Json, buffers: Sequence[bytes] = ()) -> list[Reply]:
        """Answers one message of a view. Never raises: what goes wrong is a `refused`, for the view that asked."""
        kind, view = said.text(message, "kind"), message.get("view")
        answers = self._answers.get(kind)
        if answers is None:
            return []
        try:
            return answers(message, buffers)
        except PhotogramError as error:
            problem = write_error(error)
        except Exception as error:
            log.exception("the panel could not answer %r", kind)
            problem = {"kind": "internal", "message": f"{type(error).__name__}: {error}", "next_step": ""}
        return [Reply({"kind": "refused", "view": view, "what": kind, "id": message.get("id"), "error": problem})]

    # ── What a view sees ────────────────────────────────────────────────────────────────────────────────────────────

    def _hello(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        studio, language = self.studio, choose_language(self._lang, said.text(message, "lang"))
        now = studio._now()
        choices = list_choices(studio._engine.registry, studio._engine.keys, studio.user, now.date())
        state = {
            "kind": "state", "view": message["view"], "now": write_time(now), "lang": language,
            "texts": read_texts(language), "models": choices, "layout": self._remembered(LAYOUT) or {},
            "default_model": config.default_model(), **self._around(), "form": self._form_said(),
        }  # fmt: skip
        return [Reply(state), *self._outline(message["view"], Wanted(topic_id=self._active()))]

    def _look(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Shows another topic, or what a search finds; with `activate` new batches go there from now on."""
        topic_id = said.text(message, "topic") or None
        if message.get("activate"):
            self.studio.active_topic = topic_id
        wanted = Wanted(
            topic_id=topic_id, search=said.text(message, "search"), model=said.text(message, "model"),
            status=said.text(message, "status"), starred=bool(message.get("starred")),
        )  # fmt: skip
        return self._outline(message["view"], wanted, everywhere=bool(message.get("everywhere")), asked=True)

    def _outline(self, view: str, wanted: Wanted, *, everywhere: bool = False, asked: bool = False) -> list[Reply]:
        outline = self.studio._read(read_outline, self.studio.user, wanted)
        rows = outline.rows if wanted.topic_id or everywhere else []
        first = self.studio._read(load_batches, self.studio.user, [row.id for row in rows[:DETAILS]])
        return [
            Reply({
                "kind": "skeleton", "view": view, "topic": wanted.topic_id, "revision": outline.revision,
                "rows": [write_row(row) for row in rows], "batches": [write_batch(batch) for batch in first],
                "everywhere": everywhere, "asked": asked, **self._around(unsent=False),
            })
        ]  # fmt: skip

    def changes(
        self, view: str, topic_id: str | None, since: int, *, everywhere: bool = False
    ) -> tuple[int, list[Reply]]:
        """Returns the newest revision, and what a view has to be told that knows everything up to `since`.

        A view shows the active topic, unless it looks `everywhere`: where that is another one now, it gets its outline.
        """
        if not everywhere and (active := self._active()) != topic_id:
            replies = self._outline(view, Wanted(topic_id=active))
            return replies[0].message["revision"], replies
        found = self.studio._read(list_changes, self.studio.user, topic_id, since)
        if found.revision == since:
            return since, []
        message = {
            "kind": "changes", "view": view, "since": since, "revision": found.revision, "topic": topic_id,
            "rows": [write_row(row) for row in found.rows] if topic_id or everywhere else [],
            "batches": [write_batch(batch) for batch in found.batches] if topic_id or everywhere else [],
            "images": [write_image(one) for one in found.images] if topic_id or everywhere else [],
            **self._around(unsent=False),
        }  # fmt: skip
        return found.revision, [Reply(message)]

    def _beat(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        topic_id, since = said.text(message, "topic") or None, said.whole(message, "since")
        everywhere = bool(message.get("everywhere"))
        revision, replies = self.changes(message["view"], topic_id, since, everywhere=everywhere)
        return replies or [Reply({"kind": "beat", "view": message["view"], "revision": revision, **self._around()})]

    def _around(self, *, unsent: bool = True) -> Json:
        """Returns what is shown beside the feed: small, so it always comes whole (`unsent` looks at every task)."""
        studio = self.studio
        left = studio.unsent() if unsent else None
        return {
            "topics": [write_topic(one) for one in studio._read(topics.list_topics, studio.user)],
            "active": self._active(),
            "wallet": studio.wallet.balance_coins,
            **({"unsent": {"n": left.n, "usd": left.total_usd} if left else None} if unsent else {}),
        }

    def _batches(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        found = self.studio._read(load_batches, self.studio.user, said.ids(message, "bat", MOST_IDS))
        return [Reply({"kind": "batches", "view": message["view"], "batches": [write_batch(one) for one in found]})]

    def _thumbs(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        found = read_small(self.studio, said.texts(message, "ids", MOST_IDS), self.form.references)
        thumbs = {"kind": "thumbs", "view": message["view"], "shas": list(found)}
        return [Reply(thumbs, list(found.values()))] if found else []

    def _full(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        name, mime, parts = read_file(self.studio, said.text(message, "id"))
        full = {"kind": "full", "view": message["view"], "id": message["id"], "name": name, "mime": mime}
        return [Reply(full | {"part": at, "parts": len(parts)}, [part]) for at, part in enumerate(parts)]

    # ── What a view asks for ────────────────────────────────────────────────────────────────────────────────────────

    def _press(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Starts a batch whose id the browser made, so that the same press twice is one batch."""
        press_id = said.text(message, "id")
        if not is_id(press_id, "bat"):
            raise BadParams(["a press has an id of its own"])
        form = self.form.change(said.table(message, "form"))
        images = [self._read_reference(asset) for asset in form.references]
        press(
            self.studio, form.prompt, model=form.model, n=form.n, topic=None, images=images or None, dry_run=False,
            key=None, params=form.params, batch_id=press_id,
        )  # fmt: skip
        self._keep(replace(form, prompt=""))
        pressed = {"kind": "pressed", "view": message["view"], "id": press_id}
        return [Reply(pressed), self.tell_form(by=message["view"])]

    def _form(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Takes what changed in the form; every view is told what it is now, what is wrong, what it may cost."""
        given = said.table(message, "changes")
        form, dropped = self.form, list[str]()
        if isinstance(given.get("model"), str) and given["model"] != form.model:
            form, dropped = form.switch(self.studio._engine.registry.card(given["model"]))
            given = {name: value for name, value in given.items() if name != "params"}
        self._keep(form.change(given))
        return [self.tell_form(by=message.get("view"), seq=message.get("seq"), dropped=dropped)]

    def tell_form(self, *, by: str | None = None, seq: int | None = None, dropped: Sequence[str] = ()) -> Reply:
        """Returns the message that tells every view what the form is now."""
        return Reply({"kind": "form", "by": by, "seq": seq, "dropped": list(dropped), "form": self._form_said()})

    def _form_said(self) -> Json:
        form = self.form
        try:
            card = self.card
        except UnknownModel as error:
            return {**form.as_json(), "problems": {"model": error.message}, "card": None, "cost": None, "size": None}
        problems = find_problems(card, form.params, len(form.references))
        cost, size = settle(card, form)
        return {**form.as_json(), "problems": problems, "card": describe_model(card), "cost": cost, "size": size}

    def _upload(self, message: Json, buffers: Sequence[bytes]) -> list[Reply]:
        upload_id, view = said.text(message, "id"), message["view"]
        part, parts, size = (said.whole(message, name) for name in ("part", "parts", "size"))
        data = bytes(buffers[0]) if buffers else b""
        whole = self._uploads.take(upload_id, part=part, parts=parts, size_bytes=size, data=data)
        if whole is None:
            return [Reply({"kind": "part", "view": view, "id": upload_id, "part": part})]
        asset = self.add_reference(whole)
        return [
            Reply({"kind": "uploaded", "view": view, "id": upload_id, "reference": write_reference(asset)}),
            self.tell_form(),
        ]

    def add_reference(self, data: bytes) -> Asset:
        """Keeps the bytes of an image as a reference, and puts it into the form.

        Raises:
            BadReference: The model takes none, or it cannot be opened.
        """
        card, mime = self.card, sniff_mime(data)
        spec = card.specs.get("images")
        if spec is None:
            raise BadReference(f"{card.title} takes no reference images.", next_step="Choose a model that does.")
        if mime is None or mime not in card.reference_mimes:
            raise BadReference("The model does not take this type of image.", next_step="Choose a PNG or a JPEG.")
        if len(data) > card.max_reference_bytes:
            raise BadReference(f"The file is larger than {card.title} takes.", next_step="Choose a smaller one.")
        most = int(spec.max or 1)
        if 1 < most <= len(self.form.references):
            raise BadReference(f"{card.title} takes {most} references at most.", next_step="Remove one first.")
        asset = measure_reference(data, mime, 1)
        put = partial(self.studio._files.put, data, extension=asset.extension, folder="references")
        asset = replace(asset, sha256=put())
        self._keep(self.form.add(asset, most))
        return asset

    def _layout(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        layout = said.table(message, "layout")
        kept = {str(name): value for name, value in list(layout.items())[:20] if isinstance(value, (bool, int))}
        self.studio._write(settings.set_setting, self.studio.user, LAYOUT, kept)
        return []

    def _act(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Does what a button says; the rows tell the rest."""
        action = ACTIONS.get(said.text(message, "action"))
        if action is None:
            raise BadParams([f"there is no action {message.get('action')!r}"])
        result = action(self, message)
        done = {"kind": "done", "view": message["view"], "id": message.get("id"), "action": message["action"]}
        return [Reply(done | {"result": result, **self._around()}), *([self.tell_form()] if action.form else [])]

    # ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _active(self) -> str | None:
        topic = self.studio.active_topic
        return topic.id if topic else None

    def _remembered(self, key: str) -> Any:
        return self.studio._read(settings.get_setting, self.studio.user, key)

    def _keep(self, form: Form) -> None:
        if form != self.form:
            self.form = form
            self.studio._write(settings.set_setting, self.studio.user, FORM, form.remember())

    def _read_reference(self, asset: Asset) -> bytes:
        return self.studio._files.read(asset.sha256, extension=asset.extension, folder="references")
