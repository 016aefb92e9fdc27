"""Faults at random, by a seed: what the faulty provider does in the soak."""

from __future__ import annotations

import json
import random

from .server import (
    CUT_AFTER,
    CUT_BEFORE,
    RETRY_AFTER_FORMS,
    Answer,
    Job,
    Reply,
    retry_later,
)

TAKEN = Reply(status=202, accepted=True)
"""Accepts and answers well; with a delay, late."""


class RandomFaults:
    """About a third of the submits, polls and downloads go wrong.

    Attributes:
        fatal: Ids of tasks whose job was made to fail, or to answer nonsense, for good.
        doubtful: Ids of tasks whose submit was answered so that nobody can know what became of it.

    Args:
        seed: Says what goes wrong.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.fatal: set[str] = set()
        self.doubtful: set[str] = set()

    def submit(self, task_id: str) -> Answer:
        draw = self._random.random()
        if draw < 0.66:
            return Reply(status=202, accepted=True, delay_s=self._random.choice([0, 0, 0.01, 0.05]))
        if draw < 0.84:
            form = self._random.choice(RETRY_AFTER_FORMS)
            return retry_later(self._random.choice([1, 2, 5]), form, status=self._random.choice([429, 503]))
        if draw < 0.90:
            self.fatal.add(task_id)
            return Reply(status=self._random.choice([400, 404, 409, 422, 500, 503]))
        if draw < 0.92:
            return Reply(status=self._random.choice([401, 402, 403]))
        self.doubtful.add(task_id)
        accepted = self._random.random() < 0.5
        return self._random.choice([
            CUT_AFTER if accepted else CUT_BEFORE, Reply(status=502, accepted=accepted),
            Reply(status=504, accepted=accepted), Reply(status=202, body=b'{"id', length=99, accepted=accepted),
            Reply(status=200, body=b"<html>", accepted=accepted),
        ])  # fmt: skip

    def poll(self, job: Job) -> Answer:
        needed = job.memory.setdefault("polls", self._random.choice([1, 1, 2, 3]))
        draw = self._random.random()
        if draw < 0.20:
            return self._random.choice([CUT_BEFORE, Reply(status=500), Reply(status=503), retry_later(1)])
        if draw < 0.23:
            self.fatal.add(job.task_id)
            words = ["failed", "refused", "wibble"]
            return Reply(body=json.dumps({"status": self._random.choice(words)}).encode())
        return None if job.polls >= needed else Reply(body=b'{"status": "working", "progress": 0.3}')

    def fetch(self, job: Job) -> Answer:
        draw = self._random.random()
        if draw < 0.20:
            image = job.image
            return self._random.choice([
                CUT_BEFORE, Reply(status=500), Reply(status=429), Reply(body=image, length=len(image) + 9),
                Reply(body=image, drip_s=0.0005),
            ])  # fmt: skip
        if draw < 0.25:
            job.memory["expired"] = job.memory.get("expired", 0) + 1
            if job.memory["expired"] > 1:  # one fresh address is asked for
                self.fatal.add(job.task_id)
            return Reply(status=403)
        if draw < 0.32:
            job.memory["spoilt"] = job.memory.get("spoilt", 0) + 1
            if job.memory["spoilt"] >= 3:  # so often it is downloaded again
                self.fatal.add(job.task_id)
            return self._random.choice([Reply(body=b"<html>"), Reply(body=job.image[:-20]), Reply(body=b"")])
        return None
