"""The two seams at which pictures are made.

A `RemoteAdapter` is pure: it builds requests and reads answers, and the engine does all sending, waiting, retrying and
saving. A `LocalProvider` makes the picture itself, in a worker thread of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from ..domain.card import ModelCard
from ..domain.request import GenerationRequest, MadeImage
from ..domain.task import RemoteHandle
from ..errors import ProviderError
from .wire import Access, Ready, Submitted, WireAnswer, WireRequest, Working


@runtime_checkable
class LocalProvider(Protocol):
    """Makes pictures on this machine."""

    name: str
    """Short name, the part of an address before the colon."""

    def cards(self) -> Sequence[ModelCard]:
        """Returns the models it has. Any thread."""
        ...

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        """Makes one picture. Called on a worker thread; several calls may run at once.

        Args:
            request: What to make; `params` are checked and complete.
            progress: To be called with 0–1 now and then; cheap.
            cancelled: To be asked often; once true, raise `Stopped`.

        Raises:
            Stopped: It was cancelled.
            ProviderError: It could not be made.
        """
        ...


class Stopped(Exception):  # noqa: N818  (a signal between worker and engine, not a failure)
    """Raised by a `LocalProvider` that was asked to stop."""


@runtime_checkable
class RemoteAdapter(Protocol):
    """Speaks one provider's protocol. Every method is pure: no clock, no network, no state."""

    name: str
    """Short name, the part of an address before the colon."""

    base_url: str
    """Where the provider is unless it is overridden."""

    key_variable: str | None
    """Environment variable of its key, or None where it needs none."""

    idempotent: bool
    """Whether a submit that is sent twice with the same task id runs once (an idempotency key the provider honours)."""

    def cards(self) -> Sequence[ModelCard]:
        """Returns the models it has."""
        ...

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Returns the request that starts (and may bill) one image."""
        ...

    def read_submit(self, answer: WireAnswer) -> Submitted | Ready:
        """Reads a 2xx answer to a submit."""
        ...

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Returns the GET that asks how a job is."""
        ...

    def read_poll(self, answer: WireAnswer) -> Working | Ready:
        """Reads a 2xx answer to a poll.

        Raises:
            ProviderError: The job ended without an image (`Refused`, `RemoteFailed`), or its status word is unknown
                (`BadResponse`).
        """
        ...

    def build_fetch(self, ready: Ready, access: Access) -> WireRequest:
        """Returns the GET of the image's bytes (usually `ready.url` without any key)."""
        ...

    def build_cancel(self, handle: RemoteHandle, access: Access) -> WireRequest | None:
        """Returns the request that cancels a job, or None where the provider has none."""
        ...

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads any answer that is not 2xx as the facts it states."""
        ...
