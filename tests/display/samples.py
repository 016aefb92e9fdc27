"""Records and pictures to draw, made by hand: nothing here touches a store."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from PIL import Image

from photogram.domain.asset import Asset
from photogram.domain.records import BatchRecord, GenerationRecord
from photogram.domain.task import TaskStatus

NOW = datetime(2026, 11, 23, 18, 10, 30)


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int = 1024, height: int = 1024, seed: int = 0) -> bytes:
    """The hardest picture to compress."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return encode(Image.fromarray(pixels), compress_level=1)


def make_asset(number: int = 0, width: int = 1024, height: int = 768, mime: str = "image/png") -> Asset:
    return Asset(sha256=f"{number:064x}", mime=mime, width=width, height=height, size_bytes=412_345)


def make_generation(idx: int = 0, status: TaskStatus = TaskStatus.SUCCESS, **facts: Any) -> GenerationRecord:
    if status is TaskStatus.SUCCESS:
        facts.setdefault("asset", make_asset(idx))
        facts.setdefault("finished_at", NOW)
    return GenerationRecord(
        **{
            "id": f"gen_{idx}", "batch_id": "bat_1", "idx": idx, "seed": 7 + idx, "status": status,
            "task_id": f"tsk_{idx}", "attempts": 1, "created_at": NOW - timedelta(seconds=2.4), **facts,
        }
    )  # fmt: skip


def make_batch(*generations: GenerationRecord, **facts: Any) -> BatchRecord:
    return BatchRecord(
        **{
            "id": "bat_1", "topic_id": "top_1", "user_id": "ana", "provider": "sketch", "model": "scene",
            "prompt": "a lighthouse at dusk", "params": {"width": 1024, "height": 768}, "n": len(generations),
            "created_at": NOW - timedelta(seconds=2.4), "generations": generations, **facts,
        }
    )  # fmt: skip
