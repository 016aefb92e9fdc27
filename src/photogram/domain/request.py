"""What a provider is asked to make, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceImage:
    """An input image, bytes included.

    Attributes:
        data: The file's bytes, as the user gave them.
        mime: Its type, from the bytes.
        sha256: Hex digest of the bytes.
    """

    data: bytes = field(repr=False)
    mime: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One image to make: always exactly one.

    Attributes:
        task_id: The task that asks; an adapter may use it as an idempotency key.
        model: The model's id at its provider (without the provider's name).
        prompt: Cleaned prompt.
        params: Checked params with every default filled in; without prompt, seed and images.
        seed: The seed to send, or None for a model that takes none.
        references: Input images, in order.
        mask: Where to change the first of them (its transparent or white parts, as the model has it), or None.
        uploads: What the provider calls each input image that was uploaded to it first (mask last), "" for one that
            travels in the submit; none at all if all do.
    """

    task_id: str
    model: str
    prompt: str
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    references: tuple[ReferenceImage, ...] = ()
    mask: ReferenceImage | None = None
    uploads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeImage:
    """One image as a provider made it.

    Attributes:
        data: The bytes exactly as they came.
        seed: The seed that was really used, where the provider says so.
        cost_micros: What the provider says it cost, in micro-dollars, or None.
        cost_source: "reported" by the provider, or "computed" from what it counted.
    """

    data: bytes = field(repr=False)
    seed: int | None = None
    cost_micros: int | None = None
    cost_source: str = "reported"
