"""What happened to one image, as its row remembers it."""

from __future__ import annotations

from typing import ClassVar

from .base import PhotogramError


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
