"""What is taken out of the panel: whole files and ZIPs, part by part as they are asked for; and what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..domain.ids import is_id
from ..errors import BadParams, NotReady
from ..store import batches as batch_rows
from ..store.picked import list_made, load_picked
from ..studio import export
from . import said
from .archives import Archive, Archives, Entry
from .pictures import PART_BYTES, read_part
from .shown import read_shown
from .wire import Json, Reply

if TYPE_CHECKING:
    from ..domain.records import BatchRecord
    from .controller import Controller

MOST_BATCHES, MOST_SELECTED = 1_000, 20_000
"""Batches whose images one message may ask for, and images that can be selected."""


class Keeping:
    """Answers what views ask for when something is looked at whole, downloaded or selected.

    Nothing is sent unasked: a view that lost a part asks for it again, and one that is gone asks for nothing more.

    Args:
        controller: Whose.
    """

    def __init__(self, controller: Controller) -> None:
        self._studio = controller.studio
        self._archives = Archives()
        self._selecting = ""

    def full(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Sends one part of an image's file."""
        image_id, part = said.text(message, "id"), said.whole(message, "part")
        file = read_part(self._studio, image_id, part)
        full = {
            "kind": "full", "view": message["view"], "id": image_id, "name": file.name, "mime": file.mime,
            "part": part, "parts": file.parts, "size": file.size_bytes,
        }  # fmt: skip
        return [Reply(full, [file.data])]

    def zip(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Makes a ZIP of a batch or of chosen images, a step for each message, and sends its parts.

        `{id, batch | ids}` makes some more of it and says how far it is; `{id, part}` sends a part of it; `{id, over}`
        throws it away. `id` is the view's own: the same again is the same ZIP.
        """
        archive_id, view = said.text(message, "id"), message["view"]
        if not is_id(archive_id, "zip"):
            raise BadParams(["a ZIP has an id of its own"])
        key = f"{view} {archive_id}"
        self.sweep()
        if message.get("over"):
            self._archives.forget(key)
            return []
        told = {"kind": "zip", "view": view, "id": archive_id}
        if "part" not in message:
            archive = self._archives.begin(key, lambda: self._begin(message))
            archive.step()
            return [Reply(told | {
                "made": archive.made, "of": len(archive.entries), "name": archive.name, "size": archive.size_bytes,
                "parts": -(-archive.size_bytes // PART_BYTES),
            })]  # fmt: skip
        found, part = self._archives.get(key), said.whole(message, "part")
        if found is None or not 0 <= part * PART_BYTES < found.size_bytes:
            raise NotReady("That ZIP is not there (any more).", next_step="Download it again.")
        return [Reply(told | {"part": part}, [found.read(part * PART_BYTES, PART_BYTES)])]

    def sweep(self) -> None:
        """Throws away the ZIPs that nobody fetches any more."""
        self._archives.sweep()

    def leave(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Throws away the ZIPs of a view that goes: another view cannot ask for them."""
        self._archives.leave(f"{message['view']} ")
        return []

    def _begin(self, message: Json) -> Archive:
        studio, batch_id = self._studio, said.text(message, "batch")
        if batch_id:
            batch = studio._read(batch_rows.get_batch, studio.user, batch_id)
            return Archive(f"{export.folder_name(batch)}.zip", _list_entries(batch), studio._files)
        batches = studio._read(load_picked, studio.user, said.ids(message, "gen", MOST_SELECTED))
        inside = len(batches) > 1
        entries = [
            entry for batch in batches
            for entry in _list_entries(batch, folder=f"{export.folder_name(batch)}/" if inside else "")
        ]  # fmt: skip
        name = f"photogram_{len(entries)}_images" if inside or not batches else export.folder_name(batches[0])
        return Archive(f"{name}.zip", entries, studio._files)

    def images(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Tells which images batches have that are made: a selection may reach over what was never scrolled to."""
        ids = said.ids(message, "bat", MOST_BATCHES)
        found = self._studio._read(list_made, self._studio.user, ids, read_shown(message).wanted())
        images = [found.get(one, []) for one in ids]
        return [Reply({"kind": "images", "view": message["view"], "id": message.get("id"), "images": images})]

    def select(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Takes what a view has selected as `studio.selected`; every other view lets go of what it had."""
        view, ids = message["view"], said.ids(message, "gen", MOST_SELECTED)
        if not ids and view != self._selecting:
            return []
        taken_over = bool(ids) and self._selecting not in ("", view)
        self._studio._selected = tuple(ids)
        self._selecting = view if ids else ""
        return [Reply({"kind": "selected", "by": view})] if taken_over else []

    def greet(self) -> list[Reply]:
        """Asks who has something selected: the view that had may be gone since, as after a reload of the page."""
        if not self._selecting:
            return []
        self._studio._selected, self._selecting = (), ""
        return [Reply({"kind": "selected", "by": ""})]


def _list_entries(batch: BatchRecord, *, folder: str = "") -> list[Entry]:
    return [
        Entry(
            name=folder + export.image_name(one.idx, one.seed, one.asset.mime), sha256=one.asset.sha256,
            extension=one.asset.extension, size_bytes=one.asset.size_bytes,
        )
        for one in export.list_made(batch) if one.asset
    ]  # fmt: skip
