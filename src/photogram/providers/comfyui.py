"""ComfyUI: a graph of nodes on the user's own machine; the built-in one, or a workflow that a card brings along.

A card's `wire` table has the `workflow` (as ComfyUI exports it for its API), and `inputs`: which input of which node
takes what, as `seed = "3.seed"`, or a list of such places. Names are `prompt`, `model`, `seed`, `images` (the first
place takes the first image), `mask`, and those of the card's params. `with_images` and `with_mask` are laid over both
where there are references, or a mask. `output` is the node whose image is taken, where several make one.

Source: ComfyUI 0.3.64, asked while it ran; its server.py and execution.py (read 2026-11-23). The job's id is ours, so
that a job can be found, or cancelled, whose submit was never answered. It is not stated that a job which is sent twice
runs once; it is made from the same graph, so the second run finds everything done. A server from before 2025 has no id
of ours (its own is used then), and its interrupt stops whatever runs.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ..domain.asset import EXTENSIONS
from ..domain.request import GenerationRequest, ReferenceImage
from ..domain.task import RemoteHandle
from ..errors import BadRequest, BadResponse, ProviderError, RemoteFailed
from .base import RemoteAdapter
from .protocols import read_object, read_text
from .said import build_error, read_said
from .wire import Access, Done, Ready, Submitted, WireAnswer, WireRequest, Working

FOLDER = "photogram"
"""Where in the server's input folder references are put."""


class ComfyUI(RemoteAdapter):
    """`POST /prompt`, then `GET /queue` until it is not there, then `GET /history/{id}` and `GET /view`."""

    name = "comfyui"
    base_url = "http://127.0.0.1:8188"
    base_url_variables = ("COMFYUI_BASE_URL", "COMFYUI_URL")
    idempotent = True
    cancels_unanswered = True

    def build_upload(self, image: ReferenceImage, access: Access) -> WireRequest:
        """Puts an input image into the server's input folder, under its digest: the same one is there once."""
        named = f"{image.sha256}.{EXTENSIONS.get(image.mime, 'png')}"
        return WireRequest(
            method="POST", url=f"{access.base_url}/upload/image", files=(("image", (named, image.data, image.mime)),),
            fields=(("type", "input"), ("subfolder", FOLDER), ("overwrite", "true")),
        )  # fmt: skip

    def read_upload(self, answer: WireAnswer) -> str:
        """Reads what the server calls it."""
        body = read_object(answer)
        folder = body.get("subfolder")
        return f"{folder}/{read_text(body, 'name')}" if folder else read_text(body, "name")

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Puts the workflow, with everything in its place, into the server's queue."""
        body = {"prompt": self.build_graph(request), "prompt_id": job_of(request.task_id), "client_id": FOLDER}
        return WireRequest(method="POST", url=f"{access.base_url}/prompt", json_body=body)

    def build_graph(self, request: GenerationRequest) -> dict[str, Any]:
        """Returns the workflow for one image.

        Raises:
            BadRequest: The card names a place that the workflow does not have, or none for something that is asked for.
        """
        wire = self.card(request.model).wire
        graph = copy.deepcopy(dict(wire.get("workflow", {})))
        inputs = dict(wire.get("inputs", {}))
        for extra, wanted in (("with_images", request.references), ("with_mask", request.mask)):
            if wanted and extra in wire:
                _lay(graph, wire[extra].get("workflow", {}))
                inputs |= wire[extra].get("inputs", {})
        uploads = list(request.uploads)
        values = {**request.params, "prompt": request.prompt}
        if request.seed is not None:
            values["seed"] = request.seed
        if request.mask and uploads:
            values["mask"] = uploads.pop()
        for name, value in values.items():
            if name not in inputs:
                raise BadRequest(
                    f"The workflow of {request.model} has no place for {name}.",
                    next_step=f'Name it in the card\'s wire.inputs, as {name} = "node.input".',
                )
            for place in _places(inputs[name]):
                _put(graph, place, value, request.model)
        for place in _places(inputs.get("model")):
            _put(graph, place, request.model, request.model)
        for place, upload in zip(_places(inputs.get("images")), uploads, strict=False):
            _put(graph, place, upload, request.model)
        for node in graph.values():  # two graphs that are alike are made once: the second one's images are not listed
            prefix = node.get("inputs", {}).get("filename_prefix") if isinstance(node, Mapping) else None
            if isinstance(prefix, str):
                node["inputs"]["filename_prefix"] = f"{prefix}-{request.task_id}"
        return graph

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted:
        """Reads the job's id."""
        return Submitted(handle=RemoteHandle(remote_id=read_text(read_object(answer), "prompt_id")))

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks for the queue."""
        return WireRequest(method="GET", url=f"{access.base_url}/queue")

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Done:
        """Looks for the job in the queue; what is not there any more is in the history, or was deleted."""
        body = read_object(answer)
        running, waiting = body.get("queue_running"), body.get("queue_pending")
        if not isinstance(running, list) or not isinstance(waiting, list):
            raise BadResponse("The server's queue is none.", detail=answer.excerpt())
        if any(_id_of(item) == handle.remote_id for item in running):
            return Working()
        ours = [item for item in waiting if _id_of(item) == handle.remote_id]
        if not ours:
            return Done()
        before = sum(_number_of(item) < _number_of(ours[0]) for item in waiting)
        return Working(queue_position=before + len(running))

    def build_fetch(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks for the job's entry in the history."""
        return WireRequest(method="GET", url=f"{access.base_url}/history/{quote(handle.remote_id, safe='')}")

    def read_fetch(self, answer: WireAnswer, handle: RemoteHandle) -> Ready:
        """Reads the image's name.

        Raises:
            RemoteFailed: A node failed, the job was interrupted or deleted, or it made no image.
        """
        body = read_object(answer)
        if not body:
            raise RemoteFailed("The server no longer knows the job: it was deleted there, or the server was restarted.")
        entry = body.get(handle.remote_id)
        if not isinstance(entry, Mapping):
            raise BadResponse("The server's answer is not about the job.", detail=answer.excerpt())
        status, outputs = entry.get("status"), entry.get("outputs")
        if isinstance(status, Mapping) and status.get("status_str") == "error":
            raise _read_failure(status.get("messages"), answer)
        chosen = self.card(handle.model).wire.get("output")
        found = [
            image
            for node, output in (outputs.items() if isinstance(outputs, Mapping) else ())
            if chosen in (None, node) and isinstance(output, Mapping)
            for image in output.get("images") or ()
            if isinstance(image, Mapping) and isinstance(image.get("filename"), str)
        ]
        found.sort(key=lambda image: image.get("type") != "output")  # previews last
        if not found:
            said = f"Node {chosen} of the workflow" if chosen else "The workflow"
            raise RemoteFailed(f"{said} ended without an image.", detail=answer.excerpt())
        query = {name: str(found[0].get(name) or "") for name in ("filename", "subfolder", "type")}
        return Ready(url=f"/view?{urlencode(query)}")

    def build_download(self, ready: Ready, access: Access) -> WireRequest:
        """Gets the image from the server itself."""
        request = super().build_download(ready, access)
        return replace(request, url=access.base_url + request.url)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Takes the job out of the queue; interrupts it if it runs."""
        job = job_of(handle.remote_id)
        return (
            WireRequest(method="POST", url=f"{access.base_url}/queue", json_body={"delete": [job]}),
            WireRequest(method="POST", url=f"{access.base_url}/interrupt", json_body={"prompt_id": job}),
        )

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads why a graph was not taken: what is wrong with which node."""
        said, wrong = read_said(answer), []
        try:
            nodes = read_object(answer).get("node_errors")
        except BadResponse:
            nodes = None
        for number, node in nodes.items() if isinstance(nodes, Mapping) else ():
            for error in (node.get("errors") or ()) if isinstance(node, Mapping) else ():
                if isinstance(error, Mapping):
                    facts = [str(error[name]) for name in ("message", "details") if error.get(name)]
                    wrong.append(f"{node.get('class_type')} (node {number}): {': '.join(facts)}")
        if wrong:
            said = replace(said, message="; ".join(wrong)[:600])
        return build_error(said, answer, codes=self.codes, phrases=self.phrases)


def job_of(name: str) -> str:
    """Returns the id of a task's job; one that is a job's already stays as it is."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name)) if name.startswith("tsk_") else name


def _lay(graph: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Lays nodes over a graph: new ones are added, of those that are there the named inputs change."""
    for number, node in over.items():
        old = graph.setdefault(number, {})
        old |= {name: value for name, value in node.items() if name != "inputs"}
        old["inputs"] = {**old.get("inputs", {}), **node.get("inputs", {})}


def _places(named: Any) -> Iterable[str]:
    return () if named is None else (named,) if isinstance(named, str) else tuple(named)


def _put(graph: dict[str, Any], place: str, value: Any, model: str) -> None:
    number, _, name = place.partition(".")
    node = graph.get(number)
    if not name or not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):
        raise BadRequest(
            f"The workflow of {model} has no node for {place!r}.",
            next_step="Name the places in the card's wire.inputs as node.input, such as 6.text.",
        )
    node["inputs"][name] = value


def _id_of(item: Any) -> Any:
    return item[1] if isinstance(item, list) and len(item) > 1 else None


def _number_of(item: Any) -> float:
    number = item[0] if isinstance(item, list) and item else None
    return number if isinstance(number, (int, float)) else 0.0


def _read_failure(messages: Any, answer: WireAnswer) -> RemoteFailed:
    for message in messages if isinstance(messages, list) else ():
        kind, facts = message if isinstance(message, list) and len(message) == 2 else (None, None)
        if kind == "execution_interrupted":
            return RemoteFailed("The job was interrupted on the server.")
        if kind == "execution_error" and isinstance(facts, Mapping):
            said = str(facts.get("exception_message") or "no reason given").strip()[:300].rstrip(".")
            where = f"{facts.get('node_type')} (node {facts.get('node_id')})"
            return RemoteFailed(f"{where} failed: {said}.", detail=answer.excerpt())
    return RemoteFailed("The workflow failed.", detail=answer.excerpt())
