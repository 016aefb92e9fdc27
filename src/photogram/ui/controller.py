"""What the panel can do, in plain Python: it knows no widget, no thread and no connection.

A message in, messages out. Every method may block for moments; whoever calls it does so off the engine's thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from ..domain.card import ModelCard, names_folder
from ..errors import BadParams, PhotogramError, UnknownModel
from ..store import settings, topics
from ..store.outline import read_revision
from ..studio import Studio
from ..studio.form import Form, find_form_problems, settle
from ..studio.kept_form import find_form
from ..studio.resuming import quote_all_unsent
from ..studio.showing import DEFAULT_PANEL_HEIGHT, PANEL_HEIGHT
from . import said
from .actions import ACTIONS, Once
from .describe import describe_model, list_choices
from .feed import FIRST_PICTURES, Feed
from .keeping import Keeping
from .matching import match_size
from .pressing import Pressing
from .references import References
from .shown import Shown
from .texts import choose_language, read_texts
from .wire import Json, Reply, write_error, write_params, write_time, write_topic

log = logging.getLogger("photogram")

LAYOUT = "panel_layout"
"""The setting that keeps which panels are folded, and how high the frame is."""


class Controller:
    """The panel of one studio, whichever front end shows it.

    Args:
        studio: Whose.
        lang: Language of the texts; else the browser's.
    """

    studio: Studio

    def __init__(self, studio: Studio, *, lang: str | None = None) -> None:
        self.studio = studio
        self._lang = lang or studio.lang
        self._once = Once()
        self.reused: tuple[Form, Form] | None = None  # the form before and after the last reuse
        self.feed, self.references, self.keeping = Feed(self), References(self), Keeping(self)
        self._pressing = Pressing(self)
        self._kept = find_form(studio)
        self._told_at = self._kept.at
        self._warm: list[Reply] = []
        self._warming = threading.Lock()
        self._answers: dict[str, Callable[[Json, Sequence[bytes]], list[Reply]]] = {
            "hello": self._hello, "look": self.feed.look, "beat": self._beat, "used": self.feed.used,
            "batches": self.feed.batches, "thumbs": self.feed.thumbs, "full": self.keeping.full,
            "zip": self.keeping.zip, "images": self.keeping.images, "select": self.keeping.select,
            "press": self._pressing.press, "form": self._form, "upload": self.references.upload, "layout": self._layout,
            "act": self._act, "models": self._models, "bye": self.keeping.leave,
        }  # fmt: skip

    @property
    def card(self) -> ModelCard:
        """The chosen model's card.

        Raises:
            UnknownModel: It is gone.
        """
        return self._kept.card

    @property
    def form(self) -> Form:
        """The form as it is now; cells and other panels change it too."""
        return self._kept.value

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
        facts = {"what": kind, "id": message.get("id"), "seq": message.get("seq")}
        refused = {"kind": "refused", "view": view, **facts, "error": problem}
        if remember := {"press": self._pressing.remember, "act": self._once.remember}.get(kind):
            remember(refused)
        return [Reply(refused)]

    # ── What a view sees ────────────────────────────────────────────────────────────────────────────────────────────

    def _hello(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        self._sweep()
        studio, language = self.studio, choose_language(self._lang, said.text(message, "lang"))
        now = studio._now()
        state = {
            "kind": "state", "view": message["view"], "now": write_time(now), "lang": language,
            "texts": read_texts(language), "models": self._list_models(at_hand=True),
            "layout": self._remembered(LAYOUT) or {}, **self.say_around(), "form": self._form_said(),
        }  # fmt: skip
        return [Reply(state), *self._open_outline(message["view"], state["wallet"]), *self.keeping.greet()]

    def _beat(self, message: Json, buffers: Sequence[bytes]) -> list[Reply]:
        self._sweep()
        return self.feed.beat(message, buffers)

    def _sweep(self) -> None:
        """Throws away what a view left half done that went without a word, as with a reload of its page."""
        self.keeping.sweep()
        self.references.sweep()

    def warm_up(self) -> None:
        """Opens and reads once what a view will ask for first, while the browser still makes that view."""
        with self._warming, suppress(PhotogramError):  # whoever asks for it is told
            self._list_models(at_hand=True)
            self.say_around()
            self._warm = self._read_first("", Shown(topic_id=self.find_active()))

    def _open_outline(self, view: str, wallet: float) -> list[Reply]:
        """Returns the active topic's outline: the one that is being read already, if it is still true."""
        shown = Shown(topic_id=self.find_active())
        with self._warming:
            warm, self._warm = self._warm, []
        revision = self.studio._read(read_revision) if warm else None
        if warm and warm[-1].message.items() >= {**shown.as_json(), "revision": revision}.items():
            return [*(one.to(view) for one in warm[:-1]), Reply({**warm[-1].message, "view": view, "wallet": wallet})]
        return self._read_first(view, shown)

    def _read_first(self, view: str, shown: Shown) -> list[Reply]:
        """Returns an outline after the pictures that are seen with it: they are drawn at once, not after it."""
        return self.feed.outline(view, shown, pictures=FIRST_PICTURES)

    def _models(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Lists the models afresh: a key, a provider or a file of models may have come since."""
        return [Reply({"kind": "models", "view": message["view"], "models": self._list_models()})]

    def _list_models(self, *, at_hand: bool = False) -> list[Json]:
        engine, today = self.studio._engine, self.studio._now().date()
        return list_choices(engine.registry, engine.keys, self.studio.user, today, at_hand=at_hand)

    def say_around(self, *, unsent: bool = True, since: int | None = None) -> Json:
        """Returns what is shown beside the feed.

        Args:
            unsent: Whether to count what an ended process left; that looks at every task.
            since: Only the topics that changed after this revision; else all of them.
        """
        studio = self.studio
        left = quote_all_unsent(studio) if unsent else None
        return {
            **self._say_topics(since),
            "active": self.find_active(),
            "wallet": studio.wallet.balance_coins,
            **({"unsent": {"n": left.n, "usd": left.total_usd} if left else None} if unsent else {}),
        }

    def _say_topics(self, since: int | None) -> Json:
        studio = self.studio
        if since is None:
            return {"topics": [write_topic(one) for one in studio._read(topics.list_topics, studio.user)]}
        changed, gone = studio._read(topics.list_changed_topics, studio.user, since)
        return {"topics_changed": [write_topic(one) for one in changed], "topics_gone": gone}

    # ── What a view asks for ────────────────────────────────────────────────────────────────────────────────────────

    def _form(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Takes what changed in the form; every view is told what it is now, what is wrong, what it may cost."""
        dropped = self.take(said.table(message, "changes"))
        return [self.tell_form(by=message.get("view"), seq=message.get("seq"), dropped=dropped)]

    def take(self, given: Json) -> list[str]:
        """Changes what a view says of the form, and nothing else: a cell may have set the rest meanwhile.

        Returns:
            The names of the parameters that the model does not take, or not so, and that were left out.
        """
        registry, dropped = self.studio._engine.registry, list[str]()

        def make(form: Form) -> Form:
            changes, model = given, said.text(given, "model")
            if model and (model != form.model or "params" in given):  # they were set before it was chosen
                form, lost = form.change({"params": given.get("params")}).switch(self.find_card(model, form))
                dropped.extend(lost)
                changes = {name: value for name, value in given.items() if name != "params"}
            if changes.get("match_size"):
                form = match_size(registry.card(form.model), form)
            form = form.change(changes)
            if "params" in changes:  # its view may not have known yet that another model was chosen
                with suppress(UnknownModel):
                    form, lost = form.fit(registry.card(form.model))
                    dropped.extend(lost)
            return form

        self.change(make)
        return dropped

    def find_card(self, model: str, form: Form) -> ModelCard:
        """Returns the card of a model that a view names; a folder only if the form has it: a browser names none.

        Raises:
            UnknownModel: There is none, or it is a folder.
        """
        registry, (_, _, name) = self.studio._engine.registry, model.partition(":")
        if names_folder(name) and model != form.model and model not in {card.address for card in registry.cards()}:
            raise UnknownModel(
                "The panel opens no folders.", next_step=f"Name it in a cell: studio.form.model = {model!r}"
            )
        return registry.card(model)

    def tell_form(self, *, by: str | None = None, seq: int | None = None, dropped: Sequence[str] = ()) -> Reply:
        """Returns the message that tells every view what the form is now."""
        self._told_at = self._kept.at
        return Reply({"kind": "form", "by": by, "seq": seq, "dropped": list(dropped), "form": self._form_said()})

    def tell_new_form(self) -> list[Reply]:
        """Returns the message that tells every view the form, unless all of them were told it as it is."""
        return [self.tell_form()] if self._kept.at != self._told_at else []

    def _form_said(self) -> Json:
        form = self.form
        told = {**form.as_json(), "params": write_params(form.params)}
        try:
            card = self.card
        except UnknownModel as error:
            return {**told, "problems": {"model": error.message}, "card": None, "cost": None, "size": None}
        problems = find_form_problems(card, form)
        cost, size = settle(card, form)
        return {**told, "problems": problems, "card": describe_model(card), "cost": cost, "size": size}

    def _layout(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        layout = said.table(message, "layout")
        kept = {str(name): value for name, value in list(layout.items())[:20] if isinstance(value, (bool, int))}
        if PANEL_HEIGHT.check(kept.get("height"))[1]:
            kept.pop("height", None)
        self._keep_layout(kept)
        return []

    def settle_height(self, height: int | None) -> int:
        """Returns the height of the frame in pixels: this one, which is remembered, or the remembered one."""
        if height is not None:
            self._keep_layout({"height": height})
            return height  # what a view was dragged to a moment ago may be remembered after it
        return int((self._remembered(LAYOUT) or {}).get("height", DEFAULT_PANEL_HEIGHT))

    def _keep_layout(self, changes: Json) -> None:
        self.studio._write(settings.merge_setting, self.studio.user, LAYOUT, changes)

    def _act(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Does what a button says; the rows tell the rest. Sent again, one that was refused only hears that again."""
        if refused := self._once.find_refused(said.text(message, "id")):
            return [Reply({**refused, "view": message["view"]})]
        action = ACTIONS.get(said.text(message, "action"))
        if action is None:
            raise BadParams([f"there is no action {message.get('action')!r}"])
        result = self._once(said.text(message, "id"), partial(action, self, message))
        around = self.say_around(since=said.whole(message, "since") or None)
        done = {"kind": "done", "view": message["view"], "id": message.get("id"), "action": message["action"]}
        return [Reply(done | {"result": result, **around}), *([self.tell_form()] if action.form else [])]

    # ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def find_active(self) -> str | None:
        """Returns the active topic's id."""
        topic = self.studio.active_topic
        return topic.id if topic else None

    def _remembered(self, key: str) -> Any:
        return self.studio._read(settings.get_setting, self.studio.user, key)

    def change(self, make: Callable[[Form], Form]) -> None:
        """Makes the form another one, from what it is now; see `KeptForm.change`."""
        self._kept.change(make)
