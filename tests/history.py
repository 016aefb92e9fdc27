"""A long history in no time: rows written past the API, for tests and benchmarks of the panel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta

from photogram.display.thumbs import make_thumb
from photogram.domain.ids import new_id
from photogram.domain.request import GenerationRequest
from photogram.providers.sketch import Sketch
from photogram.studio import Studio

PROMPTS = (
    "a lighthouse at dusk, two boats, watercolor",
    "northern lights over a snowy village",
    "a city street at night in the rain",
    "a mountain lake at dawn, mist, pine trees",
)
SIZES = ((512, 384), (384, 384), (512, 288), (384, 512))
SMALL_PX = 384


def batch_sizes(images: int) -> list[int]:
    """Batches of 1 to 50 images, as many as are asked for in all; always the same."""
    sizes, step = [], 0
    while sum(sizes) < images:
        step = (step * 37 + 11) % 101
        sizes.append(min(1 + step % 50, images - sum(sizes)))
    return sizes


def paint(distinct: int) -> list[tuple[bytes, bytes, int, int]]:
    """Returns as many pictures: (file, thumbnail, width, height)."""
    sketch, made = Sketch(), []
    card = next(card for card in sketch.cards() if card.model == "scene")
    for number in range(distinct):
        width, height = SIZES[number % len(SIZES)]
        params = card.check({"width": width, "height": height})
        request = GenerationRequest(
            task_id="tsk", model="scene", prompt=PROMPTS[number % len(PROMPTS)], params=params, seed=number
        )
        data = sketch.run(request, lambda _: None, lambda: False).data
        made.append((data, make_thumb(data, max_px=SMALL_PX), width, height))
    return made


def write_history(studio: Studio, sizes: Sequence[int], *, title: str = "Many", distinct: int = 12) -> str:
    """Writes a topic of batches of so many images, the last the newest, all made; returns the topic's id.

    Every image is one of its own (as a browser counts memory), but their files are links to a few.
    """
    pictures = paint(distinct)
    topic = studio.new_topic(title).id
    now = datetime(2026, 1, 1)
    rows = {"batches": [], "generations": [], "tasks": [], "assets": []}
    folder = studio.workspace / "thumbs"
    bases = []
    for number, (data, small, _, _) in enumerate(pictures):
        studio._files.put(data, extension="png")
        bases.append(folder / f"base-{topic}-{number}")
        bases[-1].write_bytes(small)
    made = 0
    for number, images in enumerate(sizes):
        at, batch = now + timedelta(minutes=number), new_id("bat")
        prompt = f"{PROMPTS[number % len(PROMPTS)]}, no. {number}"
        rows["batches"].append((batch, topic, studio.user, "sketch", "scene", prompt, "{}", images, at))
        for idx in range(images):
            which = number % len(pictures)
            data, _, width, height = pictures[which]
            image, task = new_id("gen"), new_id("tsk")
            sha = hashlib.sha256(f"{topic}{made}".encode()).hexdigest()
            made += 1
            os.link(bases[which], studio._files.thumb_path(sha, size_px=SMALL_PX))
            sent = f'{{"width": {width}, "height": {height}}}'
            rows["generations"].append((image, batch, studio.user, idx, made, task, sha))
            rows["tasks"].append((task, image, batch, studio.user, "sketch", 1, "success", sent, sha, at, at, at))
            rows["assets"].append((sha, "image/png", width, height, len(data), at))
    studio._write(_write, rows)
    return topic


def _write(cur, rows) -> None:
    import pandas as pd

    columns = {
        "batches": "id, topic_id, user_id, provider, model, prompt, params_requested, n, created_at",
        "generations": "id, batch_id, user_id, idx, seed, task_id, asset_sha256",
        "tasks": "id, generation_id, batch_id, user_id, provider, attempt, status, params_sent, asset_sha256, "
        "created_at, sent_at, finished_at",
        "assets": "sha256, mime, width, height, bytes, created_at",
    }
    for table, names in columns.items():
        frame = pd.DataFrame(rows[table], columns=names.split(", "))
        for name in frame.columns:
            cur.execute(f"SET VARIABLE column_{name} = ?", [frame[name].tolist()])
        picked = ", ".join(f"unnest(getvariable('column_{name}'))" for name in frame.columns)
        cur.execute(f"INSERT INTO {table} ({names}) SELECT {picked}")
