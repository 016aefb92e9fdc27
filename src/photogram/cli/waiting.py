"""Waiting for batches on a command line: a bar on a terminal, silence in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import WaitTimeout

if TYPE_CHECKING:
    from ..domain.records import GenerationRecord
    from ..studio import Batch

_LOOK_S = 0.2
"""Seconds between two looks at the batches while the bar is drawn."""


def wait_for(batches: Sequence[Batch], *, timeout_s: float | None) -> bool:
    """Waits until every image is finished; returns whether that was in time.

    Args:
        batches: What to wait for.
        timeout_s: Seconds to wait at most; None waits for as long as it takes.
    """
    from tqdm import tqdm

    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    total = sum(map(len, batches))
    layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed}"
    show = sys.stderr.isatty()
    with tqdm(total=total, disable=not show, leave=False, file=sys.stderr, bar_format=layout) as bar:
        for batch in batches:
            while not _is_finished(batch, deadline):
                if deadline is not None and time.monotonic() >= deadline:
                    return False
                if show:
                    generations = [generation for one in batches for generation in one.record.generations]
                    bar.n = sum(map(_share, generations))
                    bar.set_description_str(f"{sum(one.status.finished for one in generations)}/{total}")
    return True


def how_to_go_on(batches: Sequence[Batch]) -> str:
    """Says what becomes of batches that nobody waits for any more."""
    generations = [generation for batch in batches for generation in batch.record.generations]
    done = sum(generation.status.finished for generation in generations)
    names = ", ".join(batch.id for batch in batches)
    return (
        f"{done} of {len(generations)} images of {names} are finished; `photogram resume` carries on with the others."
    )


def _is_finished(batch: Batch, deadline: float | None) -> bool:
    left_s = _LOOK_S if deadline is None else min(_LOOK_S, max(0.0, deadline - time.monotonic()))
    try:
        batch.wait(timeout_s=left_s)
    except WaitTimeout:
        return False
    return True


def _share(generation: GenerationRecord) -> float:
    return 1.0 if generation.status.finished else generation.progress or 0.0
