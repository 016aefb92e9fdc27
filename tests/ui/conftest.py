from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Condition

import pytest

from photogram.domain.ids import new_id
from photogram.studio import Studio
from photogram.ui.controller import Controller
from photogram.ui.session import Session
from photogram.ui.wire import Json

from .kinds import Kinds, add_kinds


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("PHOTOGRAM_HOME", "PHOTOGRAM_USER", "JUPYTERHUB_USER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "no-config.toml"))
    monkeypatch.setenv("PHOTOGRAM_MODEL", "kinds:all")


@pytest.fixture
def open_studio(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    opened: list[tuple[Studio, Kinds]] = []

    def open_(user: str = "ada") -> Studio:
        studio = Studio(tmp_path / "workspace", user=user)
        opened.append((studio, add_kinds(studio)))
        return studio

    yield open_
    for studio, kinds in opened:
        kinds.go.set()
        studio.close()


@pytest.fixture
def studio(open_studio: Callable[..., Studio]) -> Studio:
    return open_studio()


@pytest.fixture
def controller(studio: Studio) -> Controller:
    return Controller(studio)


class Asked:
    """Says messages to a controller, as one view, and looks at what comes back."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller

    def __call__(self, kind: str, *buffers: bytes, **body: object) -> dict[str, Json]:
        replies = self.controller.answer({"kind": kind, "view": "v", **body}, buffers)
        self.buffers = [list(reply.buffers) for reply in replies]
        return {reply.message["kind"]: reply.message for reply in replies}

    def press(self, prompt: str = "a boat", **form: object) -> str:
        press_id = new_id("bat")
        said = self("press", id=press_id, form={"prompt": prompt, **form})
        assert said["pressed"]["id"] == press_id
        return press_id

    def upload(self, data: bytes, upload_id: str = "u", part_bytes: int = 1 << 20) -> dict[str, Json]:
        parts = [data[at : at + part_bytes] for at in range(0, len(data), part_bytes)]
        for at, part in enumerate(parts):
            said = self("upload", part, id=upload_id, part=at, parts=len(parts), size=len(data))
        return said


@pytest.fixture
def ask(controller: Controller) -> Asked:
    return Asked(controller)


class Heard:
    """What the views were sent, in order; waits for what is still to come."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.messages: list[Json] = []

    def take(self, message: Json, _: Sequence[bytes]) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def wait(self, check: Callable[[Json], object], *, view: str = "v") -> Json:
        """Returns the first message for the view that passes the check."""

        def find() -> Json | None:
            mine = (one for one in self.messages if one.get("view", view) == view)
            return next((one for one in mine if check(one)), None)

        with self._changed:
            assert self._changed.wait_for(lambda: find() is not None, timeout=20), self.messages
            found = find()
            assert found is not None
            return found


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def session(controller: Controller, heard: Heard) -> Iterator[Session]:
    opened = Session(controller, heard.take)
    yield opened
    opened.close()
