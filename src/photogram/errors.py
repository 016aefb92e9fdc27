"""Every exception that Photogram raises.

```
PhotogramError
├── UserError         something you can fix by changing the call
│   ├── EmptyPrompt, BadParams, BadSettings, UnknownModel, BadReference
│   ├── MissingKey, KeyringFailed
│   ├── InsufficientCoins, CapExceeded
│   └── NotYours, NotFound, NotReady, QueryRefused, WaitTimeout
├── StoreError        the workspace could not be used
│   ├── StoreBusy, StoreForked, StoreClosed, StorageFailed (FileMissing)
│   └── SchemaTooNew, QueryInterrupted
└── ProviderError     what happened to one image, as its row remembers it
    ├── BadRequest, AuthFailed, OutOfCredit, Refused, RateLimited
    ├── Unreachable, RemoteFailed, BadResponse, Expired, DeadlineExceeded
    ├── UnknownProvider, StorageFull
    └── InternalFailure, Lost
```

An exception states facts (on attributes) and the next step. Whether anything is tried again is never decided here but
in `engine/retry.py`.
"""

from __future__ import annotations

from typing import ClassVar


class PhotogramError(Exception):
    """Base of everything Photogram raises.

    Attributes:
        message: What happened, in one sentence.
        next_step: What to do about it, in one sentence; may be empty.
    """

    default_next_step: ClassVar[str] = ""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        self.message = message
        self.next_step = self.default_next_step if next_step is None else next_step
        super().__init__(f"{message} {self.next_step}".strip())


class UserError(PhotogramError):
    """Something that a changed call puts right; nothing was sent or written."""


class EmptyPrompt(UserError):
    """The prompt has no visible character."""

    default_next_step = "Describe what you want to see."

    def __init__(self, message: str = "The prompt is empty.", *, next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step)


class BadParams(UserError):
    """One or more parameters do not fit the model.

    Attributes:
        problems: One sentence per problem, all of them.
    """

    def __init__(self, problems: list[str], *, model: str = "", what: str = "These parameters do not fit") -> None:
        self.problems = tuple(problems)
        subject = f"{model} cannot take this call" if model else what
        super().__init__(f"{subject}:\n" + "\n".join(f"  • {problem}" for problem in problems))


class BadSettings(UserError):
    """A setting (an environment variable, a line of a file) makes no sense, or one that is needed is missing."""


class UnknownModel(UserError):
    """No provider has a model of this address."""

    default_next_step = "studio.models() lists what there is."


class MissingKey(UserError):
    """The provider needs a key, and none was found."""


class KeyringFailed(UserError):
    """The system's keyring is not there, or did not do what it was asked."""


class BadReference(UserError):
    """A reference image is not an image we take, is too large, or there are too many."""


class InsufficientCoins(UserError):
    """The wallet holds less than the batch may cost.

    Attributes:
        need_micros: What the batch may cost, in micro-dollars.
        have_micros: What the wallet holds, in micro-dollars.
    """

    default_next_step = "studio.wallet.top_up(coins=…), or `photogram wallet top-up`, adds to the wallet."

    def __init__(self, *, need_micros: int, have_micros: int) -> None:
        self.need_micros = need_micros
        self.have_micros = have_micros
        need, have = need_micros / 1000, have_micros / 1000
        super().__init__(f"Insufficient coins: this needs {need:g} and the wallet holds {have:g}.")


class CapExceeded(UserError):
    """A spending cap that the user set would be passed."""


class NotYours(UserError):
    """The row belongs to another user of this workspace."""

    default_next_step = "`photogram doctor --adopt` takes over a workspace that was copied from elsewhere."


class NotFound(UserError):
    """No such topic, batch or image (any more)."""


class NotReady(UserError):
    """The image is not there: still pending or processing, or cancelled."""


class QueryRefused(UserError):
    """The SQL is not one SELECT over the documented views."""


class WaitTimeout(UserError):
    """`wait(timeout_s=…)` ran out; the work goes on."""


class StoreError(PhotogramError):
    """The workspace could not be read or written."""


class StoreBusy(StoreError):
    """Another process held the workspace's file for longer than we wait (30 s unless set)."""


class StoreForked(StoreError):
    """This process was forked from the one that opened the store."""

    default_next_step = "Make a new Studio() in the child process."


class StorageFailed(StoreError):
    """The disk refused: full, read-only or broken."""


class FileMissing(StorageFailed):
    """A file that was stored is not there any more: somebody else removed it."""

    default_next_step = "Find out what removes files from the workspace (a cleaner, a synchronisation), then retry."


class SchemaTooNew(StoreError):
    """The workspace was written by a newer Photogram."""

    default_next_step = "Upgrade: pip install -U photogram."


class QueryInterrupted(StoreError):
    """A query was stopped: by Ctrl-C, its time limit, or another process that needed the file."""


class StoreClosed(StoreError):
    """The store was closed while, or before, it was asked."""

    default_next_step = "Make a new Studio()."


class ProviderError(PhotogramError):
    """Why one image was not made; `kind` is what its row keeps.

    Attributes:
        kind: The task's error kind (see `domain.task.ErrorKind`).
        detail: Technical detail for a bug report (masked raw answer, status code), up to 4 kB.
        request_id: The provider's id of the request, where it gave one.
        http_status: The HTTP status that said so, or None.
        cost_micros: What was billed all the same, in micro-dollars, where that is known.
        cost_source: How it is known: reported, computed or estimated.
        accepted: Whether it stands in an answer with a status of success: what was asked for may have been done, and
            billed; or the job that was asked about ended so.
    """

    accepted: bool = False
    http_status: int | None = None
    cost_micros: int | None = None
    cost_source: str = "reported"
    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, *, next_step: str | None = None, detail: str = "", request_id: str = "") -> None:
        self.detail = detail
        self.request_id = request_id
        super().__init__(message, next_step=next_step)


class BadRequest(ProviderError):
    """The provider did not accept the request (400, 404, 422)."""

    kind = "bad_request"
    default_next_step = "Change the prompt or the settings, then retry."


class AuthFailed(ProviderError):
    """The provider did not accept the key (401, 403)."""

    kind = "auth"
    default_next_step = "Check the provider's key."


class OutOfCredit(ProviderError):
    """The account at the provider has no credit left."""

    kind = "out_of_credit"
    default_next_step = "Top up at the provider's billing page."


class Refused(ProviderError):
    """The provider declined the prompt or the result (moderation)."""

    kind = "refused"
    default_next_step = "Rephrase the prompt."


class RateLimited(ProviderError):
    """The provider asks to come back later.

    Attributes:
        retry_after_s: Seconds to wait as the provider said, or None where it did not say.
    """

    kind = "rate_limited"
    default_next_step = "Try again later."

    def __init__(
        self, message: str = "Rate limit exceeded.", *, retry_after_s: float | None = None,
        next_step: str | None = None, detail: str = "",
    ) -> None:  # fmt: skip
        self.retry_after_s = retry_after_s
        super().__init__(message, next_step=next_step, detail=detail)


class Unreachable(ProviderError):
    """No connection, or it broke.

    Attributes:
        sent: Whether any byte of the request may have reached the server.
    """

    kind = "unreachable"
    default_next_step = "Check your connection, then retry."

    def __init__(self, message: str, *, sent: bool, detail: str = "") -> None:
        self.sent = sent
        super().__init__(message, detail=detail)


class RemoteFailed(ProviderError):
    """The provider accepted the job, and the job failed there."""

    kind = "remote_failed"
    default_next_step = "Retry; if it fails again, try another model."

    def __init__(
        self, message: str, *, http_status: int | None = None, next_step: str | None = None, detail: str = ""
    ) -> None:
        self.http_status = http_status
        super().__init__(message, next_step=next_step, detail=detail)


class BadResponse(ProviderError):
    """The provider's answer is not what its protocol says."""

    kind = "bad_response"
    default_next_step = "Retry; if it stays, the provider may have changed: copy the details into a bug report."


class Expired(ProviderError):
    """The result was made but can no longer be fetched; it was billed."""

    kind = "expired"


class DeadlineExceeded(ProviderError):
    """No result within the model's deadline."""

    kind = "deadline"
    default_next_step = "Retry looks once more at the provider before anything is paid again."


class UnknownProvider(ProviderError):
    """The provider, or its model, is not there any more: a plugin or a line of `models.toml` is gone."""

    kind = "unknown_model"
    default_next_step = "Put back the plugin or the models.toml that added it, then retry; or choose another model."


class StorageFull(ProviderError):
    """The image could not be stored on this disk."""

    kind = "storage"
    default_next_step = "Free some disk space, then retry."


class InternalFailure(ProviderError):
    """A defect of Photogram itself, with its traceback in `detail`."""

    kind = "internal"
    default_next_step = "Please report this with the task's details."


class Lost(ProviderError):
    """Something was sent and we cannot know whether it ran; it may have been billed."""

    kind = "lost"
    default_next_step = "Look at the provider's dashboard; retry() sends it anew."


BY_KIND: dict[str, type[ProviderError]] = {cls.kind: cls for cls in ProviderError.__subclasses__()}
"""The exception of each kind that a row may keep."""
