"""Running small Python programs that generate, and that are killed, stopped or forked while they do."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import photogram

SOURCE = Path(photogram.__file__).resolve().parents[1]
PAINTERS = Path(__file__).resolve().parents[1] / "studio"

PRELUDE = """
import asyncio, os, signal, sys, threading, time
import photogram as pg
from painters import Dots

dots = Dots()

def open_studio(path=None):
    studio = pg.Studio(path or sys.argv[1], user="ada")
    studio._engine.registry.add(dots)
    return studio

def say(*words):
    print(*words, flush=True)
"""


class Child:
    """A Python program in a process of its own; what it prints is collected line by line."""

    def __init__(self, program: str, *arguments: str | Path | float) -> None:
        env = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(SOURCE), str(PAINTERS)]), "PYTHONFAULTHANDLER": "1",
            "PHOTOGRAM_MODEL": "dots:plain", "PHOTOGRAM_CONFIG": os.devnull, "PHOTOGRAM_USER": "ada",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(program), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
        )  # fmt: skip
        self.lines: list[str] = []
        self.errors = ""
        self._said = threading.Condition()
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_lines, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read_lines(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if not line.endswith("\n"):
                break  # cut in the middle by a kill: not acknowledged
            with self._said:
                self.lines.append(line.strip())
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def _read_errors(self) -> None:
        assert self.process.stderr
        self.errors = self.process.stderr.read()

    def await_line(self, start: str, timeout_s: float = 60.0) -> str:
        """Waits until the program prints a line that begins so."""

        def found() -> str | None:
            return next((line for line in self.lines if line.startswith(start)), None)

        with self._said:
            self._said.wait_for(lambda: found() or not self._readers[0].is_alive(), timeout_s)
        line = found()
        assert line is not None, f"it never said {start!r}: {self.lines[-5:]} {self.errors[-2000:]}"
        return line

    def kill(self, number: int | None = None) -> None:
        """Kills it (SIGKILL unless told otherwise), and collects what it said until then."""
        if number is None:
            self.process.kill()
        else:
            self.process.send_signal(number)
        self.end()

    def end(self, timeout_s: float = 60.0) -> int:
        """Waits for its end and returns its code; a program that crashed fails the test."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        for reader in self._readers:
            reader.join(10)
        assert "Fatal Python error" not in self.errors, self.errors
        return code


def run(program: str, *arguments: str | Path | float, timeout_s: float = 90.0) -> Child:
    """Runs a program to its end, which must be a good one."""
    child = Child(program, *arguments)
    code = child.end(timeout_s)
    assert code == 0, f"{code}: {child.lines} {child.errors}"
    return child
