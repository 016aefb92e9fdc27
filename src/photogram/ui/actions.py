"""What the panel's buttons do: each one line of the studio's own API. A new button is a new line in `ACTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..domain.events import Event, EventKind
from ..domain.ids import is_id
from ..errors import BadParams, BadReference
from ..store.batches import restore_batch
from ..store.topics import unfinished_of_topic
from ..studio import Batch, Generation, Studio, Topic
from ..studio.many import delete_batches, delete_images, delete_topic, restore_images, star_images
from ..studio.resuming import discard, pick_up, quote_all_unsent
from . import said
from .reusing import find_batch, list_params, reuse, take_back, write_code, write_details
from .wire import Json, write_error

if TYPE_CHECKING:
    from .controller import Controller

MOST = 500
"""Images that one action takes."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a view may ask for.

    Attributes:
        run: Does it, and returns what the view is told of it (JSON).
        form: Whether it changes the form, so that every view is told what that is now.
        waits: Whether it waits for a provider, which may take half a minute: nothing else waits for it.
        deletes: Whether it deletes, which may wait for one too, or brings back: these wait for each other only.
    """

    run: Callable[[Controller, Json], Any]
    form: bool = False
    waits: bool = False
    deletes: bool = False

    def __call__(self, controller: Controller, message: Json) -> Any:
        """Does it."""
        return self.run(controller, message)


class Once:
    """Does what a message with an id asks for, once: sent again, because its answer was lost, it only hears that again.

    Args:
        most: Answers that are remembered; those of what was done and of what was refused are counted apart.
    """

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._done: dict[str, Any] = {}
        self._refused: dict[str, Json] = {}
        self._lock = Lock()

    def __call__(self, act_id: str, run: Callable[[], Any]) -> Any:
        """Returns what `run` returned, now or the first time."""
        if not act_id:
            return run()
        if act_id in self._done:
            return self._done[act_id]
        result = run()
        self._keep(self._done, act_id, result)
        return result

    def remember(self, refused: Json) -> None:
        """Keeps what was told of what was refused: half of it may be done. What is done all the same stays so."""
        act_id = said.text(refused, "id")
        if act_id and act_id not in self._done:
            self._keep(self._refused, act_id, refused)

    def find_refused(self, act_id: str) -> Json | None:
        """Returns what was told of it, if it was refused."""
        return self._refused.get(act_id)

    def _keep(self, kept: dict[str, Any], act_id: str, answer: Any) -> None:
        with self._lock:  # actions have several lanes
            kept[act_id] = answer
            if len(kept) > self._most:
                del kept[next(iter(kept))]


def _generations(controller: Controller, message: Json) -> list[Generation]:
    return [controller.studio.generation(one) for one in said.ids(message, "gen", MOST)]


def _batches(controller: Controller, message: Json) -> list[Batch]:
    return [controller.studio.batch(one) for one in said.ids(message, "bat", MOST)]


def _things(controller: Controller, message: Json) -> list[Batch | Generation]:
    return [*_batches(controller, message), *_generations(controller, message)]


def _topic_id(message: Json) -> str:
    topic_id = said.text(message, "topic")
    if not is_id(topic_id, "top"):
        raise BadParams(["the message names no topic"])
    return topic_id


def _topic(controller: Controller, message: Json) -> Topic:
    return controller.studio.topic(_topic_id(message))


def _cancel(controller: Controller, message: Json) -> None:
    for one in _things(controller, message):
        one.cancel()


def _retry(controller: Controller, message: Json) -> None:
    for one in _things(controller, message):
        one.retry()


def _delete(controller: Controller, message: Json) -> None:
    delete_batches(controller.studio, said.ids(message, "bat", MOST))
    delete_images(controller.studio, said.ids(message, "gen", MOST))


def _undelete(controller: Controller, message: Json) -> None:
    studio: Studio = controller.studio
    restore_images(studio, said.ids(message, "gen", MOST))
    for one in said.ids(message, "bat", MOST):
        event = Event(kind=EventKind.BATCH, user_id=studio.user, batch_id=one)
        studio._write(restore_batch, studio.user, one, event=event)


def _star(controller: Controller, message: Json) -> None:
    star_images(controller.studio, said.ids(message, "gen", MOST), bool(message.get("starred")))


def _use_as_reference(controller: Controller, message: Json) -> Json:
    """Takes images as references, as many as there is room for.

    Returns:
        How many were `taken`; where not all: `most`, the number that the model takes, or `why` the next one was not.
    """
    taken, most = 0, controller.references.most
    for image_id in said.ids(message, "gen", MOST):
        if taken and len(controller.form.references) >= most:
            return {"taken": taken, "most": most}
        image = controller.studio.generation(image_id)
        try:
            controller.references.add(image.path.read_bytes())
        except BadReference as error:
            if not taken:
                raise
            return {"taken": taken, "why": write_error(error)}
        taken += 1
    return {"taken": taken}


def _use_reference(controller: Controller, message: Json) -> None:
    """Takes an input image of a batch as a reference; a view names it by its content."""
    references = find_batch(controller.studio, said.text(message, "batch")).record.references
    asset = next((one for one in references if one.sha256 == message.get("sha")), None)
    if asset is None:
        raise BadParams(["the batch has no such reference"])
    controller.references.add(controller.references.read(asset))


def _new_topic(controller: Controller, message: Json) -> str:
    return controller.studio.new_topic(said.text(message, "title").strip() or None).id


def _delete_topic(controller: Controller, message: Json) -> int:
    return delete_topic(controller.studio, _topic_id(message))


def _undelete_topic(controller: Controller, message: Json) -> str:
    return Topic(controller.studio, _topic_id(message)).undelete().id


def _count_topic(controller: Controller, message: Json) -> Json:
    """Returns what would go with a topic: its images, and how many of them are still being made."""
    studio, topic = controller.studio, _topic(controller, message)
    return {"images": topic.images, "running": len(studio._read(unfinished_of_topic, studio.user, topic.id))}


def _send_unsent(controller: Controller, message: Json) -> int | None:
    """Sends what was left, if it is as many images at the same price as the view said; else nothing, and None."""
    left = quote_all_unsent(controller.studio)
    if left is None:
        return 0
    if (left.n, left.total_usd) != (message.get("n"), message.get("usd")):
        return None
    return len(pick_up(controller.studio)[0])


ACTIONS: dict[str, Action] = {
    "cancel": Action(_cancel, waits=True),
    "retry": Action(_retry),
    "delete": Action(_delete, deletes=True),
    "undelete": Action(_undelete, deletes=True),
    "star": Action(_star),
    "reuse": Action(reuse, form=True),
    "unreuse": Action(take_back, form=True),
    "code": Action(write_code),
    "details": Action(write_details),
    "params": Action(list_params),
    "use_as_reference": Action(_use_as_reference, form=True),
    "use_reference": Action(_use_reference, form=True),
    "new_topic": Action(_new_topic),
    "rename_topic": Action(
        lambda controller, message: _topic(controller, message).rename(said.text(message, "title")).id
    ),
    "count_topic": Action(_count_topic),
    "delete_topic": Action(_delete_topic, deletes=True),
    "undelete_topic": Action(_undelete_topic, deletes=True),
    "top_up": Action(lambda controller, message: controller.studio.wallet.top_up(coins=message.get("coins", 0))),
    "send_unsent": Action(_send_unsent),
    "discard_unsent": Action(lambda controller, _: len(discard(controller.studio)[0])),
}
