"""The form's input images: uploaded in parts, or made here; kept by their content, never by a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..domain.asset import Asset, sniff_mime
from ..errors import BadReference
from ..studio.form import Form, name_mimes
from ..studio.references import measure_reference
from . import said
from .uploads import Uploads
from .wire import Json, Reply, write_reference

if TYPE_CHECKING:
    from .controller import Controller

MOST_FINISHED = 64
"""Finished uploads that are remembered."""


class References:
    """Takes and keeps the form's references.

    Args:
        controller: Whose form.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._uploads = Uploads()
        self._finished: dict[str, Asset] = {}

    def upload(self, message: Json, buffers: Sequence[bytes]) -> list[Reply]:
        """Takes a part of a file; with the last one it is a reference. The same part again changes nothing."""
        upload_id, view = said.text(message, "id"), message["view"]
        if message.get("cancel"):
            self._uploads.forget(upload_id)
            late = self._finished.pop(upload_id, None)  # it was finished before the user's word came
            if late is None:
                return []
            self._controller.change(partial(Form.change, given={"without": [late.sha256]}))
            return [self._controller.tell_form()]
        if done := self._finished.get(upload_id):  # its answer was lost, and the browser sends a part again
            return [self._uploaded(view, upload_id, done)]
        part, parts, size = (said.whole(message, name) for name in ("part", "parts", "size"))
        data = bytes(buffers[0]) if buffers else b""
        whole = self._uploads.take(upload_id, part=part, parts=parts, size_bytes=size, data=data)
        if whole is None:
            return [Reply({"kind": "part", "view": view, "id": upload_id, "part": part})]
        asset = self.add(whole)
        self._finished[upload_id] = asset
        for forgotten in list(self._finished)[:-MOST_FINISHED]:
            del self._finished[forgotten]
        return [self._uploaded(view, upload_id, asset), self._controller.tell_form()]

    def sweep(self) -> None:
        """Forgets the uploads whose page is gone."""
        self._uploads.sweep()

    @property
    def most(self) -> int:
        """How many the chosen model takes."""
        spec = self._controller.card.specs.get("images")
        return int(spec.max or 1) if spec else 0

    @staticmethod
    def _uploaded(view: str, upload_id: str, asset: Asset) -> Reply:
        return Reply({"kind": "uploaded", "view": view, "id": upload_id, "reference": write_reference(asset)})

    def add(self, data: bytes) -> Asset:
        """Keeps the bytes of an image as a reference, and puts it into the form.

        Raises:
            BadReference: The model takes none, or it cannot be opened.
        """
        card, mime = self._controller.card, sniff_mime(data)
        spec = card.specs.get("images")
        if spec is None:
            raise BadReference(f"{card.title} takes no reference images.", next_step="Choose a model that does.")
        if mime is None or mime not in card.reference_mimes:
            raise BadReference(
                "The model does not take this type of image.", next_step=f"{card.title} takes {name_mimes(card)}."
            )
        if len(data) > card.max_reference_bytes:
            raise BadReference(f"The file is larger than {card.title} takes.", next_step="Choose a smaller one.")
        most = int(spec.max or 1)

        def check_room(form: Form) -> None:
            if len(form.references) >= max(most, 2):  # the only one of a model that takes one is replaced
                takes = "1 reference" if most == 1 else f"{most} references"
                raise BadReference(f"{card.title} takes {takes} at most.", next_step="Remove one first.")

        def put_in(form: Form) -> Form:
            check_room(form)  # others may have added some meanwhile
            return form.add(asset, most)

        check_room(self._controller.form)
        asset = measure_reference(data, mime, "Reference 1")
        put = partial(self._controller.studio._files.put, data, extension=asset.extension, folder="references")
        asset = replace(asset, sha256=put())
        self._controller.change(put_in)
        return asset

    def read(self, asset: Asset) -> bytes:
        """Returns the bytes of a reference."""
        return self._controller.studio._files.read(asset.sha256, extension=asset.extension, folder="references")
