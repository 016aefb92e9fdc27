"""How durations, prices, sizes and counts are said, everywhere the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..domain.params import read_ratio
from ..domain.records import BatchRecord


def elapsed_s(since: datetime, now: datetime) -> float:
    """Returns the seconds between two times, never below 0; naive ones are UTC."""
    return max(0.0, (_utc(now) - _utc(since)).total_seconds())


def duration_text(seconds: float) -> str:
    """Returns "0.4 s", "41 s", "3 min 05 s" or "2 h 10 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02d} min"


def time_text(moment: datetime) -> str:
    """Returns "23 Nov 2026, 18:10 UTC": absolute, because what is saved in a notebook is read much later."""
    return f"{_utc(moment):%d %b %Y, %H:%M} UTC".lstrip("0")


def cost_text(micros: int, *, source: str = "reported") -> str:
    """Returns "free", "$0.21", "about $0.003" (an estimate) or "price unknown".

    Args:
        micros: Micro-dollars.
        source: reported, computed, estimated, free or unknown.
    """
    if source == "unknown" and micros == 0:
        return "price unknown"
    if micros == 0:
        return "free"
    text = f"{micros / 1_000_000:.6f}".rstrip("0")
    decimals = text.partition(".")[2]
    dollars = f"${text}{'0' * max(0, 2 - len(decimals))}"
    return f"about {dollars}" if source in ("estimated", "unknown") else dollars


def batch_cost_text(batch: BatchRecord) -> str:
    """Returns what the batch cost until now, as `cost_text` says it."""
    micros = sum(generation.cost_micros for generation in batch.generations)
    sources = {generation.cost_source for generation in batch.generations}
    source = "unknown" if "unknown" in sources else "estimated" if "estimated" in sources else "reported"
    return cost_text(micros, source=source)


def count_text(count: int, noun: str) -> str:
    """Returns "1 image", "1,204 images"."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def ordinal(number: int) -> str:
    """Returns "1st", "2nd", "3rd", "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def proportions(batch: BatchRecord) -> tuple[int, int]:
    """Returns (width, height) that the batch's images have or will have; only their quotient is meant.

    A finished image tells; else what the user asked for; else a square.
    """
    for generation in batch.generations:
        if generation.asset:
            return generation.asset.width, generation.asset.height
    return _asked_size(batch.params) or (1, 1)


def size_text(batch: BatchRecord) -> str:
    """Returns "1024 × 768", "16:9", or nothing where neither is known yet."""
    sizes = {(done.asset.width, done.asset.height) for done in batch.generations if done.asset}
    if len(sizes) == 1:
        return "{} × {}".format(*sizes.pop())
    if sizes:
        return "several sizes"
    asked = _asked_size(batch.params)
    if asked is None:
        return ""
    return "{}:{}".format(*asked) if "aspect_ratio" in batch.params else "{} × {}".format(*asked)


def _asked_size(params: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = params.get("width"), params.get("height")
    if isinstance(params.get("size"), str):
        width, _, height = params["size"].lower().replace("×", "x").replace("*", "x").partition("x")
    try:
        sides = int(str(width)), int(str(height))
    except ValueError:
        return read_ratio(params.get("aspect_ratio"))
    return sides if min(sides) > 0 else None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
