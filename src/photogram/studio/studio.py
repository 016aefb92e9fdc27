"""The studio: what a notebook holds in its hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from .. import config
from ..domain.asset import Asset
from ..domain.events import Event
from ..domain.records import GenerationRecord
from ..domain.secret import Secret
from ..engine.engine import Engine
from ..store import batches as batch_rows
from ..store import ledger, settings, titles, topics
from ..store import tasks as task_rows
from ..store.picked import keep_present
from .asking import choose_active_topic, find_active_topic, find_topic, make_topic, read_history, run_query
from .batch import Batch
from .catalogue import read_models
from .generation import Generation
from .keys import Keys
from .pictures import read_thumbs
from .prepare import Quote, check_filters
from .press import press
from .references import Reference
from .resuming import carry_on, discard_all, quote_unsent
from .showing import Showing, check_language
from .topic import Topic
from .waiting import wait_for
from .wallet import Wallet

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class Studio(Showing):
    """A workspace, its engine and its pictures. Studios on one folder in one process share one engine. Any thread.

    Args:
        path: The workspace's folder; else `PHOTOGRAM_HOME`, else `./photogram-data`.
        user: Whose rows; else `PHOTOGRAM_USER`, `JUPYTERHUB_USER`, or the system's user.
        lang: Language of the panel, `en` or `pt-BR`; else the browser's.

    Attributes:
        workspace: The folder.
        user: Whose rows are read and written.
        wallet: The user's budget.
        keys: Where the providers' keys come from; `studio.keys["openai"] = "…"` sets one for this session.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, user: str | None = None, lang: str | None = None
    ) -> None:
        self._lang = check_language(lang)
        self.workspace = config.workspace(path)
        self.user = config.user(user)
        self._engine = Engine.open(self.workspace, busy_timeout_s=config.busy_timeout_s())
        self._files = self._engine.store.files
        self._closed = False
        self._at_close = ExitStack()  # whatever shows the studio ends with it
        self._at_close.callback(self._engine.close)
        self._selected: Sequence[str] = ()  # ids; set by whatever shows the studio
        self.wallet = Wallet(self)
        self.keys = Keys(self)
        if (grant := config.first_grant_micros()) is not None:
            self._engine.write(ledger.choose_first_grant, self.user, grant)
        self._engine.adopt(self.user)

    # ── Making pictures ─────────────────────────────────────────────────────────────────────────────────────────────

    @overload
    def generate(
        self, prompt: str, *, model: str | None = ..., n: int = ..., topic: str | Topic | None = ...,
        images: Reference | Sequence[Reference] | None = ..., dry_run: Literal[False] = ...,
        key: str | Secret | None = ..., **params: Any,
    ) -> Batch: ...  # fmt: skip
    @overload
    def generate(
        self, prompt: str, *, model: str | None = ..., n: int = ..., topic: str | Topic | None = ...,
        images: Reference | Sequence[Reference] | None = ..., dry_run: Literal[True],
        key: str | Secret | None = ..., **params: Any,
    ) -> Quote: ...  # fmt: skip
    def generate(
        self, prompt: str, *, model: str | None = None, n: int = 1, topic: str | Topic | None = None,
        images: Reference | Sequence[Reference] | None = None, dry_run: bool = False,
        key: str | Secret | None = None, **params: Any,
    ) -> Batch | Quote:  # fmt: skip
        """Makes n images and returns at once; `await batch` or `batch.wait()` waits for them.

        Args:
            prompt: What to see.
            model: `provider:model`; else `PHOTOGRAM_MODEL`, else `sketch:scene`.
            n: How many, 1–50. With a seed they get seed, seed+1, …
            topic: A Topic, an id, or a title (found or made); else the active topic; else a new one, titled from the
                prompt.
            images: Reference images: paths, URLs, bytes, PIL images, generations.
            dry_run: Only check the call, and return what it may cost (a `Quote`); nothing is written or sent.
            key: The provider's key, for this batch only; it stays in this process's memory. Else `studio.keys`, the
                environment, the system's keyring.
            params: What else the model takes: `studio.models()` lists it.

        Raises:
            EmptyPrompt, BadParams, BadReference, BadSettings, UnknownModel, MissingKey, InsufficientCoins, CapExceeded:
                Nothing was written or sent.
            NotFound, NotYours: The topic.
            StoreBusy: Another process held the workspace for too long.
        """
        key = Secret(key) if isinstance(key, str) else key  # no traceback that shows variables shows the text
        return press(
            self, prompt, model=model, n=n, topic=topic, images=images, dry_run=dry_run, key=key, params=params
        )  # fmt: skip

    def resume(self) -> list[Batch]:
        """Sends what an ended process left unsent, and what waits for a key or credit; returns those batches."""
        return carry_on(self)

    def discard_unsent(self) -> int:
        """Cancels what an ended process left unsent, so that its coins are free again; returns how many images."""
        return discard_all(self)

    def cancel_all(self) -> int:
        """Stops everything of this user that is not over, in whichever process it runs; returns how many images."""
        tasks = self._read(task_rows.unfinished_tasks, self.user)
        wait_for(self._engine.cancel([task.id for task in tasks]))
        return len(tasks)

    def unsent(self) -> Quote | None:
        """Returns what an ended process left unsent, and its cost, or None; `resume()` or `discard_unsent()` it."""
        return quote_unsent(self)

    # ── Topics ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def topics(self) -> list[Topic]:
        """Returns the topics, the last active first."""
        return [Topic(self, record.id) for record in self._read(topics.list_topics, self.user)]

    def new_topic(self, title: str | None = None, *, activate: bool = True) -> Topic:
        """Makes a topic; without a title its first prompt names it.

        Args:
            title: 1–200 characters.
            activate: Whether `generate` puts new batches there from now on.
        """
        topic = make_topic(self, title)
        if activate:
            self.active_topic = topic
        return topic

    def topic(self, title_or_id: str) -> Topic:
        """Returns a topic by its id, or by its title (ignoring case; the last active of several).

        Raises:
            NotFound: There is none.
            NotYours: The id is another user's.
        """
        return find_topic(self, title_or_id)

    @property
    def active_topic(self) -> Topic | None:
        """Where `generate` puts new batches; remembered. Set it to a Topic, an id, a title, or None."""
        return find_active_topic(self)

    @active_topic.setter
    def active_topic(self, topic: Topic | str | None) -> None:
        choose_active_topic(self, topic)

    @property
    def auto_titles(self) -> bool | None:
        """Whether a text model names a topic after its first image; remembered per user and workspace.

        None, as it is at first: only the text model of the provider that made the image, with the key that was used
        for it (also one that was given to `generate`). True: else that of any provider that has a key. False: never.
        What a person named stays.
        """
        return self._read(titles.wants_titles, self.user)

    @auto_titles.setter
    def auto_titles(self, wanted: bool | None) -> None:
        self._write(settings.set_setting, self.user, titles.AUTO_TITLES, wanted)

    # ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def batch(self, batch_id: str) -> Batch:
        """Returns a batch by its id.

        Raises:
            NotFound, NotYours: There is none, or it is another user's.
        """
        return Batch(self, self._read(batch_rows.get_batch, self.user, batch_id))

    def batches(self, *, limit: int = 10) -> list[Batch]:
        """Returns the newest batches of all topics."""
        check_filters(limit=limit)
        return [Batch(self, record) for record in self._read(batch_rows.page_batches, self.user, limit=limit)]

    def generation(self, generation_id: str) -> Generation:
        """Returns an image by its id.

        Raises:
            NotFound, NotYours: There is none, or it is another user's.
        """
        generation = Generation(self, generation_id)
        _ = generation.record  # refuses what is not there, or not this user's
        return generation

    def df(
        self, *, search: str | None = None, topic: Topic | str | None = None, status: str | Sequence[str] | None = None,
        model: str | None = None, starred: bool | None = None, limit: int | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Returns one row per image, newest batch first, with the columns of the `history` view.

        Args:
            search: Text that the prompt contains, ignoring case.
            topic: A Topic, an id or a title.
            status: One status, or several.
            model: `provider:model`, or a model alone.
            starred: Only those that are (not) starred.
            limit: How many rows at most.

        Raises:
            BadParams: One of these makes no sense.
            NotFound, NotYours: The topic.
        """
        return read_history(self, topic=topic, search=search, status=status, model=model, starred=starred, limit=limit)

    def sql(
        self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, *, time_limit_s: float = 30.0
    ) -> pd.DataFrame:
        """Runs one SELECT over the `history` view, which holds this user's images only.

        Args:
            query: DuckDB SQL.
            parameters: For its `?` or `$name`.
            time_limit_s: Seconds it may run.

        Raises:
            BadParams: The time limit is no number of seconds above 0.
            QueryRefused: It is not one SELECT over the view, or DuckDB cannot make sense of it.
            QueryInterrupted: It ran too long, or was stopped.
        """
        return run_query(self, query, parameters, time_limit_s)

    def models(self) -> pd.DataFrame:
        """Returns every model there is: what it takes and costs, whether its key is there, and where it is known from.

        The columns: model, provider, title, params, price_usd, key_present, deprecated, retires_on, successor, source,
        read_on, origin. `fal:*` stands for any other model of fal. What is wrong in a `models.toml` is warned of.
        """
        return read_models(self._engine.registry, self._engine.keys, self.user)

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` for every committed change of this user, or of the store, on the engine's thread: be quick.

        Returns:
            A function that ends it.
        """
        return self._engine.bus.subscribe(lambda event: listener(event) if event.user_id in (self.user, "") else None)

    @property
    def selected(self) -> list[Generation]:
        """The images that are selected in the panel, in the order they were; without a panel there are none."""
        return [Generation(self, one) for one in self._read(keep_present, self.user, self._selected)]

    # ── Ending ──────────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Ends this studio; the last one on a workspace stops its engine. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._at_close.close()

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Studio {str(self.workspace)!r}, user {self.user!r}>"

    # ── For the handles ─────────────────────────────────────────────────────────────────────────────────────────────

    def _now(self) -> datetime:
        return self._engine.clock.now()

    def _read(self, op: Callable[..., T], *args: Any, **options: Any) -> T:
        return wait_for(self._engine.read(op, *args, **options))

    def _write(self, op: Callable[..., T], *args: Any, event: Event | None = None) -> T:
        return wait_for(self._engine.write(op, *args, event=event))

    def _thumbs(self, generations: Iterable[GenerationRecord], references: Iterable[Asset] = ()) -> dict[str, bytes]:
        return read_thumbs(self._files, generations, references)
