"""The life of a task: its statuses, the moves between them, and what an error row keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..errors import BY_KIND, InternalFailure, ProviderError


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    """Ours; nothing was sent."""
    PROCESSING = "processing"
    """`sent_at` is committed: a submit is about to leave, or left."""
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Something was sent, we cannot know whether it ran; it may have been billed. The user decides."""

    @property
    def finished(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in (TaskStatus.PENDING, TaskStatus.PROCESSING)


P, S = TaskStatus.PENDING, TaskStatus
ALLOWED_MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    S.PENDING: frozenset({S.PROCESSING, S.ERROR, S.CANCELLED}),
    S.PROCESSING: frozenset({S.PENDING, S.PROCESSING, S.SUCCESS, S.ERROR, S.CANCELLED, S.LOST}),
    S.SUCCESS: frozenset(),
    S.ERROR: frozenset({S.PROCESSING, S.SUCCESS}),  # Retry polls a kept handle, or stores a spilled result
    S.CANCELLED: frozenset({S.SUCCESS}),  # a late paid image is always accepted
    S.LOST: frozenset({S.PROCESSING, S.SUCCESS, S.ERROR}),  # late evidence: a handle, an image, a bill
}
"""The only moves there are; the store refuses any other."""
del P, S


def sources_of(target: TaskStatus) -> tuple[str, ...]:
    """Returns the statuses from which `target` may be reached (for a compare-and-set's WHERE)."""
    return tuple(str(source) for source, targets in ALLOWED_MOVES.items() if target in targets)


class ErrorKind(StrEnum):
    """What went wrong, in one word; the UI and the retry table speak of these only."""

    BAD_REQUEST = "bad_request"
    AUTH = "auth"
    OUT_OF_CREDIT = "out_of_credit"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    REMOTE_FAILED = "remote_failed"
    BAD_RESPONSE = "bad_response"
    EXPIRED = "expired"
    DEADLINE = "deadline"
    UNKNOWN_MODEL = "unknown_model"
    STORAGE = "storage"
    INTERNAL = "internal"
    LOST = "lost"


MAX_MESSAGE = 1_000
"""Characters of a message, and of a next step, that an error row keeps: some of the words are the provider's."""

MAX_DETAIL = 4_096
"""Characters of technical detail an error row keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskError:
    """What an error row keeps.

    Attributes:
        kind: One word of `ErrorKind`.
        message: What happened, one sentence.
        next_step: What to do about it, one sentence.
        detail: Masked technical detail, up to 4 kB.
        task_id: The task it belongs to, for support.
    """

    kind: str
    message: str
    next_step: str = ""
    detail: str = ""
    task_id: str = ""

    @classmethod
    def of(cls, error: ProviderError, *, task_id: str = "", extra: str = "") -> TaskError:
        """Returns what a row keeps of an exception.

        Args:
            error: The exception.
            task_id: The task it ended.
            extra: More detail (a masked traceback), put after the exception's own.
        """
        lines = [
            f"{type(error).__name__}",
            error.detail,
            f"request {error.request_id}" if error.request_id else "",
            extra,
        ]
        detail = "\n".join(line for line in lines if line)[:MAX_DETAIL]
        return cls(
            kind=error.kind, message=_shorten(error.message), next_step=_shorten(error.next_step), detail=detail,
            task_id=task_id,
        )  # fmt: skip

    def exception(self) -> ProviderError:
        """Returns the exception this row remembers, ready to be raised."""
        cls = BY_KIND.get(self.kind, InternalFailure)
        error = cls.__new__(cls)  # a class's own __init__ asks for facts that a row does not keep
        ProviderError.__init__(error, self.message, next_step=self.next_step, detail=self.detail)
        for fact, unknown in (("retry_after_s", None), ("sent", True), ("http_status", None)):
            if fact in cls.__init__.__annotations__:
                setattr(error, fact, unknown)
        return error


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHandle:
    """What a provider gave us to ask for the result later; committed before the first poll.

    Attributes:
        remote_id: The provider's id of the job.
        poll_url: Where to ask, if the provider said so.
        cancel_url: Where to cancel, if it said so.
        result_url: Where the result is asked for once it is done, if it said so.
        model: The model's id at the provider; the engine fills it in.
        expires_at: Unix seconds (UTC) after which the provider forgets the result, or None.
        cost_micros: What the provider said at submit that it costs, in micro-dollars, or None.
        cost_source: How that is known, where it is not "reported".
        image_url: Where the image itself is, if the submit's own answer named it: there is no job to ask about.
        seed: The seed that the same answer says was used, or None.
    """

    remote_id: str
    poll_url: str | None = None
    cancel_url: str | None = None
    result_url: str | None = None
    model: str = ""
    expires_at: float | None = None
    cost_micros: int | None = None
    cost_source: str | None = None
    image_url: str | None = None
    seed: int | None = None
