"""Whether something is tried again: one table of (phase, what happened) → what to do.

Exceptions state facts; this is the only place that draws conclusions from them.
"""

from __future__ import annotations

import random
from enum import StrEnum

from ..errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    OutOfCredit,
    ProviderError,
    RateLimited,
    RemoteFailed,
    Unreachable,
)


class Phase(StrEnum):
    """What was being done."""

    UPLOAD = "upload"
    SUBMIT = "submit"
    POLL = "poll"
    FETCH = "fetch"


class Action(StrEnum):
    """What to do about it."""

    SEND_LATER = "send_later"
    """Nothing ran: back to pending, sent again after a pause."""
    GO_ON = "go_on"
    """A poll or download, a GET: asked again until the deadline."""
    WAIT = "wait"
    """A poll or download that the user has to let through: it waits for that, and its deadline does not run."""
    FAIL_AND_STOP = "fail_and_stop"
    """The task ends as `error`, and its provider's line stops until the user has acted: the others would fail, too."""
    FAIL = "fail"
    """The task ends as `error`."""
    LOSE = "lose"
    """We cannot know whether it ran: the task ends as `lost`, and the user decides."""


MAX_TRIES = 3
"""How often a submit is sent at most, when each time nothing ran; and how often a download may bring no whole image."""

IN_DOUBT = frozenset({408, 502, 504, 520, 522, 524})
"""HTTP statuses with which what stands before a provider may answer a submit that did reach it. Those from 520 on are
Cloudflare's (its pages on these errors, read 2026-11-30): 520 is an answer of the provider's that makes no sense, 524
none in time, and 522 also a connection that was made and a request that nobody acknowledged. With 521 (refused), 523
(no way there), 525 and 526 (no TLS) it was not reached."""

AGAIN_LATER = frozenset({408, 425})
"""Statuses below 500 that pass by themselves."""


def decide(phase: Phase, error: ProviderError, *, tries: int, idempotent: bool) -> Action:
    """Returns what to do.

    | phase | what happened | action |
    |---|---|---|
    | upload | transport error, 5xx, 408, 425, 429 | send later, the line pauses; 3 tries, then fail |
    | upload | 401, 403, out of credit | fail, and stop the provider's line |
    | upload | anything else | fail (nothing that costs was sent) |
    | submit | refused connection, 429, 503 with Retry-After | send later, the line pauses; 3 tries, then fail |
    | submit | 408, 502, 504, 520, 522, 524 | lose; with an idempotency key: send later, 3 tries |
    | submit | read timeout, cut after sending | lose; with an idempotency key: send later, 3 tries |
    | submit | 2xx with nonsense (no JSON, no job in it) | lose; with an idempotency key: send later, 3 tries |
    | submit | 2xx with something that is no whole image | fail (it was made and billed) |
    | submit | 2xx with a refusal | fail |
    | submit | 401, 403, out of credit | fail, and stop the provider's line |
    | submit | 500, 503 without Retry-After, other 5xx and 4xx, refusal | fail |
    | poll, fetch | transport error, 5xx, 408, 425, 429 | go on until the deadline |
    | poll, fetch | 401, 403, out of credit | wait for the user, and ask now and then; the deadline does not run |
    | fetch | 2xx with something that is no whole image | fetch again; 3 tries, then fail (it was billed) |
    | fetch | the result's address expired | poll afresh once, then fail (it was billed) |
    | poll, fetch | anything else (refusal, failed job, 4xx, unknown status word) | fail |

    Args:
        phase: What was being done.
        error: What happened.
        tries: Of a submit, how many sends count so far, this one included; one that left before its line was paused
            does not. Of a fetch, how many downloads brought no whole image, this one included.
        idempotent: Whether the provider runs a submit with the same key only once.
    """
    status = error.http_status if isinstance(error, (RemoteFailed, BadRequest)) else None
    if isinstance(error, BadRequest) and status not in AGAIN_LATER:
        status = None  # the provider's own words say that it is no passing trouble
    transient = isinstance(error, (Unreachable, RateLimited)) or (
        status is not None and (status >= 500 or status in AGAIN_LATER)
    )
    nonsense = isinstance(error, BadResponse) and error.accepted
    if phase is Phase.FETCH and nonsense:
        return Action.GO_ON if tries < MAX_TRIES else Action.FAIL
    if phase in (Phase.POLL, Phase.FETCH):
        if isinstance(error, (AuthFailed, OutOfCredit)) and not error.accepted:
            return Action.WAIT
        return Action.GO_ON if transient else Action.FAIL
    nothing_ran = isinstance(error, RateLimited) or (isinstance(error, Unreachable) and not error.sent)
    if nothing_ran or (phase is Phase.UPLOAD and transient):
        return Action.SEND_LATER if tries < MAX_TRIES else Action.FAIL
    in_doubt = phase is Phase.SUBMIT and (
        nonsense or (isinstance(error, Unreachable) and error.sent) or status in IN_DOUBT
    )
    if in_doubt:
        if not idempotent:
            return Action.LOSE
        return Action.SEND_LATER if tries < MAX_TRIES else Action.LOSE
    return Action.FAIL_AND_STOP if isinstance(error, (AuthFailed, OutOfCredit)) else Action.FAIL


def pause_s(error: ProviderError, pauses: int) -> float:
    """Returns the seconds to wait before sending again: what the provider said, else 1, 2, 4, 8, 16, 30, 30… ±10 %.

    Args:
        error: What happened.
        pauses: How many pauses in a row this is, with nothing accepted between.
    """
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return max(0.0, error.retry_after_s)
    return jittered(min(2.0 ** min(max(pauses - 1, 0), 10), 30.0))


def poll_pause_s(polls: int) -> float:
    """Returns the seconds before the next poll: 1, 2, 4, 8, 16, 30, 30…, with a little jitter.

    Args:
        polls: How many polls there were.
    """
    return jittered(min(2.0 ** min(polls, 10), 30.0))


def slow_pause_s(polls: int) -> float:
    """Returns the seconds before the next poll of what is only asked about now and then: 1, 120, 240, … 1,800, ±10 %.

    Args:
        polls: How many such polls there were.
    """
    return jittered(min(60.0 * 2.0 ** min(polls, 10), 1800.0) if polls else 1.0)


def jittered(seconds: float) -> float:
    """Returns the seconds ±10 %, so that a thousand tasks do not ask in step."""
    return seconds * random.uniform(0.9, 1.1)
