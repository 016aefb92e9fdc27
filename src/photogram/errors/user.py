"""What you can fix by changing the call."""

from __future__ import annotations

from .base import PhotogramError


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
