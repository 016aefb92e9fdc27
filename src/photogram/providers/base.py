"""The two seams at which pictures are made.

A `RemoteAdapter` is pure: it builds requests and reads answers, and the engine does all sending, waiting, retrying and
saving. A `LocalProvider` makes the picture itself, in a worker thread of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from ..domain.card import ModelCard
from ..domain.request import GenerationRequest, MadeImage, ReferenceImage
from ..domain.secret import Secret
from ..domain.task import RemoteHandle
from ..errors import BadResponse, ProviderError
from .cards import ProviderFacts, find_card, load_facts
from .chat import build_chat, read_chat
from .said import Said, build_error, read_said
from .wire import Access, Done, Partial, Ready, Submitted, WireAnswer, WireRequest, Working


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


class RemoteAdapter:
    """Speaks one provider's protocol. Every method is pure: no clock, no network, no state that changes.

    A provider overrides what differs: always `build_submit` and `read_submit`; for a job that is made later
    `build_poll` and `read_poll`; the rest where it has such a thing. Two bases in `protocols.py` do most of it.
    """

    name: str
    """Short name, the part of an address before the colon."""

    base_url: str = ""
    """Where the provider is unless it is overridden; empty for one that every user has elsewhere."""

    base_url_variables: tuple[str, ...] = ()
    """Environment variables in which people already have its address, besides `PHOTOGRAM_<NAME>_BASE_URL`."""

    key_variables: tuple[str, ...] = ()
    """Environment variables in which people already have its key; the first is the one that messages name."""

    key_required: bool = True
    """Whether nothing goes without a key, if it has `key_variables`."""

    own_hosts: tuple[str, ...] = ()
    """Further hosts (and all below them) that are the provider's own and may be shown the key."""

    of_workspace: bool = False
    """Whether a workspace's `models.toml` added it: it then never gets a key from the keyring."""

    auth: tuple[str, str] = ("Authorization", "Bearer ")
    """The header of the key, and what stands before the key there."""

    idempotent: bool = False
    """Whether a submit that is sent twice with the same task id runs once (an idempotency key the provider honours)."""

    cancels_unanswered: bool = False
    """Whether `build_cancel` can stop a submit that has no answer yet: its handle's id is then the task's."""

    key_check: str = ""
    """Where a GET costs nothing and answers 2xx if the key is right: a path below `root`, or a whole address."""

    codes: ClassVar[Mapping[str, type[ProviderError]]] = {}
    """What the provider's own error codes mean, where the HTTP status does not say it; compared ignoring case."""

    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {}
    """The same for words in its messages, in lower case."""

    _facts: ProviderFacts | None = None

    def __init__(
        self, *, name: str | None = None, base_url: str | None = None, key_variables: tuple[str, ...] | None = None,
        key_required: bool | None = None, facts: ProviderFacts | None = None, of_workspace: bool = False,
    ) -> None:  # fmt: skip
        """Makes the provider; with arguments, another one that speaks its protocol elsewhere.

        Args:
            name: Its short name.
            base_url: Where it is.
            key_variables: Environment variables that may hold its key.
            key_required: Whether nothing goes without one.
            facts: Its title and models; otherwise those of the TOML file of its name.
            of_workspace: Whether a workspace's `models.toml` added it.
        """
        if name is not None:  # nothing of the built-in one's: no host, no key, no address
            self.name, self.own_hosts, self.base_url_variables, self.key_variables = name, (), (), ()
        if base_url is not None:
            self.base_url = base_url
        if key_variables is not None:
            self.key_variables = key_variables
        if key_required is not None:
            self.key_required = key_required
        self._facts, self.of_workspace = facts, of_workspace

    def with_facts(self, facts: ProviderFacts) -> Self:
        """Returns the same provider with another title and other models."""
        other = copy(self)
        other._facts = facts
        return other

    # ── What there is ───────────────────────────────────────────────────────────────────────────────────────────────

    def facts(self) -> ProviderFacts:
        """Returns what the house knows of the provider: the TOML file of its name beside its adapter."""
        return self._facts or load_facts(self.name, type(self).__module__)

    def cards(self) -> Sequence[ModelCard]:
        """Returns the models it has; one with the model `*` stands for every other id."""
        return self.facts().cards

    def card(self, model: str) -> ModelCard:
        """Returns the card of one of its models."""
        return find_card(self.cards(), model)

    def root(self, access: Access) -> str:
        """Returns the address below which its paths are."""
        return access.base_url

    def headers(self, access: Access) -> dict[str, str | Secret]:
        """Returns the headers that let one in."""
        return {self.auth[0]: access.key.after(self.auth[1])} if access.key else {}

    def build_key_check(self, access: Access) -> WireRequest | None:
        """Returns a request that costs nothing and answers 2xx if the key is right, or None if there is none."""
        if not self.key_check:
            return None
        url = self.key_check if "://" in self.key_check else f"{self.root(access)}/{self.key_check}"
        return WireRequest(method="GET", url=url, headers=self.headers(access))

    def build_post(self, url: str, body: Any, access: Access) -> WireRequest:
        """Returns a POST of JSON that carries the key."""
        return WireRequest(method="POST", url=url, headers=self.headers(access), json_body=body)

    # ── Making one image ────────────────────────────────────────────────────────────────────────────────────────────

    def build_upload(self, image: ReferenceImage, access: Access) -> WireRequest | None:
        """Returns the request that uploads an input image before the submit, or None if it travels in the submit."""
        return None

    def read_upload(self, answer: WireAnswer) -> str:
        """Reads a 2xx answer to an upload; returns what the submit calls the image (`request.uploads`)."""
        raise NotImplementedError(f"{type(self).__name__} has no read_upload")

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Returns the request that starts (and may bill) one image."""
        raise NotImplementedError(f"{type(self).__name__} has no build_submit")

    def read_event(self, event: Mapping[str, Any]) -> Partial | None:
        """Reads one event of a submit that streams; the last one is then given to `read_submit` as the answer."""
        return None

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        """Reads a 2xx answer to a submit.

        Raises:
            Refused: The provider declined.
            BadResponse: The answer makes no sense. It was taken all the same: the task will be `lost`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no read_submit")

    def build_watch(self, request: GenerationRequest, access: Access) -> WireRequest | None:
        """Returns the GET that asks how far a submit is that has no answer yet, or None."""
        return None

    def read_watch(self, answer: WireAnswer) -> Working:
        """Reads a 2xx answer to that."""
        raise NotImplementedError(f"{type(self).__name__} has no read_watch")

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Returns the GET that asks how a job is."""
        raise NotImplementedError(f"{type(self).__name__} has no build_poll")

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready | Done:
        """Reads a 2xx answer to a poll.

        Raises:
            ProviderError: The job ended without an image (`Refused`, `RemoteFailed`), or its status word is unknown
                (`BadResponse`).
        """
        raise NotImplementedError(f"{type(self).__name__} has no read_poll")

    def build_fetch(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Returns the GET that asks for the result of a job that is `Done`."""
        raise NotImplementedError(f"{type(self).__name__} has no build_fetch")

    def read_fetch(self, answer: WireAnswer, handle: RemoteHandle) -> Ready:
        """Reads a 2xx answer to that.

        Raises:
            ProviderError: As `read_poll`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no read_fetch")

    def build_download(self, ready: Ready, access: Access) -> WireRequest:
        """Returns the GET of the image's bytes; without any key unless the provider asks for it there."""
        if not ready.url:
            raise BadResponse("The provider names no address of the image.")
        return WireRequest(method="GET", url=ready.url)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Returns the requests that cancel a job; none where the provider has no such thing."""
        return ()

    # ── Titles ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def build_title(self, prompt: str, access: Access) -> WireRequest | None:
        """Returns the request that asks the provider's text model for a title, or None if it has none."""
        chat = self.facts().chat
        if chat is None:
            return None
        return self.build_post(f"{self.root(access)}/chat/completions", build_chat(chat, prompt), access)

    def read_title(self, answer: WireAnswer) -> tuple[str, int | None]:
        """Reads a 2xx answer to that: the title, and what it cost in micro-dollars (None if that is unknown).

        Raises:
            BadResponse: It has no title.
        """
        body, chat = answer.json(), self.facts().chat
        if chat is None or not isinstance(body, Mapping):
            raise BadResponse("The text model's answer makes no sense.", detail=answer.excerpt())
        return read_chat(chat, body)

    # ── Failures ────────────────────────────────────────────────────────────────────────────────────────────────────

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads any answer that is not 2xx as the facts it states."""
        return build_error(
            read_said(answer), answer, codes=self.codes, phrases=self.phrases, billing_url=self.facts().billing_url
        )

    def read_failure(
        self, message: str, *codes: str, detail: str = "", otherwise: type[ProviderError] | None = None
    ) -> ProviderError:
        """Reads what a provider says in a 2xx answer of why there is no image.

        Args:
            message: Its words.
            codes: Its codes, looked up in `codes`.
            detail: The raw answer.
            otherwise: The error if neither codes nor words are known; `RemoteFailed` if not given.
        """
        said = Said(message=message, codes=tuple(code for code in codes if code), detail=detail)
        return build_error(
            said, None, codes=self.codes, phrases=self.phrases, billing_url=self.facts().billing_url,
            otherwise=otherwise,
        )  # fmt: skip
