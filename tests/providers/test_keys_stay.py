"""Every provider's key, planted and of no known shape, through success and failure: it appears nowhere.

Every module beside this one that has a fake of a provider is tried; a new provider needs nothing here.
"""

from __future__ import annotations

import base64
import logging
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from photogram import config
from photogram.domain.secret import Secret
from photogram.domain.task import RemoteHandle
from photogram.engine.keys import open_access
from photogram.errors import PhotogramError, ProviderError
from photogram.studio import Studio
from photogram.testing import FakeProvider, Reply
from photogram.testing.base import PROMPT, open_studio
from photogram.testing.fake import draw

from .fakes import MODULES, fakes_in

KEY = "Zw4Planted9QmX7rT2vB8nL5kJ3hG6fD1s"
"""Like no provider's keys: what hides it is that it is known, not what it looks like."""

WAIT_S = 60.0


def forms_of(key: str) -> set[str]:
    """Returns how a key may look once it was put somewhere: as it is, in base64 wherever it begins, quoted, in part."""
    forms = {key, quote(key), key.lower(), key[:16], key[-16:], key[::-1]}
    for before in range(3):
        forms.add(base64.b64encode(b"x" * before + key.encode())[4:-4].decode())
    return forms


FORMS = forms_of(KEY)


@pytest.fixture(params=[module for module in MODULES if module != Path(__file__).stem])
def fakes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeProvider]]:
    made = [one() for one in fakes_in(request.param) if one.adapter.key_variables]
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    for fake in made:
        fake.key = KEY  # type: ignore[misc]
        for variable in fake.adapter.key_variables[:1]:
            monkeypatch.setenv(variable, KEY)
    yield made
    for fake in made:
        fake.close()


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


def echo(kind: str, status: int) -> tuple[str, Reply]:
    """Returns an answer that repeats the key, as a debugging proxy or a careless service does."""
    body = {
        "error": {"message": f"bad key {KEY}", "code": KEY},
        "detail": KEY,
        "message": KEY,
        "status": KEY,
    }
    return kind, Reply.of(body, status)


def dump(cursor) -> str:  # type: ignore[no-untyped-def]
    tables = [row[0] for row in cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    return "".join(str(cursor.execute(f"SELECT * FROM {table}").fetchall()) for table in tables)


def test_planted_key_appears_nowhere_after_success_and_every_failure(
    fakes: list[FakeProvider], tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    for number, fake in enumerate(fakes):
        monkeypatch.setenv(config.base_url_variable(fake.adapter.name), fake.url)
        with open_studio(tmp_path / f"ws{number}", fake.adapter()) as studio:
            texts += run_everything(studio, fake)
    assert not [(form, text[max(0, text.find(form) - 300) :][:700]) for text in texts for form in leaks(text)][:1]
    assert not leaks(caplog.text)
    captured = capsys.readouterr()
    assert not leaks(captured.out + captured.err)
    for root, _, names in os.walk(tmp_path):
        for name in names:
            data = Path(root, name).read_bytes()
            assert not [form for form in FORMS if form.encode() in data], Path(root, name)


def run_everything(studio: Studio, fake: FakeProvider) -> list[str]:
    """Makes images in every way in which it goes well or wrong; returns all that a person or a file might see of it."""
    model = f"{fake.adapter.name}:{fake.model}"
    spec = fake.adapter().card(fake.model).specs.get("images")
    needed = [draw(place, 96, 64) for place in range(int(spec.min or 0))] if spec else []
    wrongs: list[tuple[str, Reply] | None] = [None, ("submit", fake.unauthorized), echo("submit", 400),
        echo("submit", 401), echo("submit", 500), echo("submit", 200), *fake.refusals.values(),
        *(echo(kind, status) for kind in ("poll", "fetch", "download", "upload") if kind in fake.routes
          for status in (200, 400, 410))]  # fmt: skip
    texts: list[str] = []
    for wrong in wrongs:
        fake.always = dict([wrong]) if wrong else {}
        batch = studio.generate(PROMPT, model=model, **({"images": needed} if needed else {}))
        batch.wait(WAIT_S)
        assert batch[0].status != "pending", f"{fake.adapter.name}, {wrong}: the line stands"
        assert (wrong is not None) or batch[0].error is None, batch[0].error
        texts += [repr(batch), repr(batch.record), batch._repr_html_(), batch[0]._repr_html_(), repr(batch[0])]
        if error := batch[0].error:
            texts += [repr(error), *shown(error.exception())]
            try:
                _ = batch[0].image
            except PhotogramError as raised:
                texts += shown(raised)
    fake.always = {}
    found = studio.keys.test(fake.adapter.name)
    assert found.verdict == ("ok" if "key_check" in fake.routes and hasattr(fake, "key_check") else found.verdict)
    texts += [repr(found), repr(studio.keys), studio.keys._repr_html_(), studio.df().to_csv(),
              studio.models().to_html(),
              studio.sql("select * from history").to_html(), repr(vars(studio._engine.keys)), studio._read(dump),
              str(studio._repr_mimebundle_()), *of_the_adapter(fake)]  # fmt: skip
    return texts


def of_the_adapter(fake: FakeProvider) -> list[str]:
    """Returns what its own values and errors show."""
    adapter = fake.adapter()
    access = open_access(adapter, Secret(KEY))
    texts = [repr(access), repr(adapter.headers(access)), repr(vars(adapter))]
    request = adapter.build_key_check(access)
    texts.append(repr(request))
    for build in (adapter.build_poll, adapter.build_fetch, adapter.build_cancel):
        try:
            texts.append(repr(build(RemoteHandle(remote_id="j", poll_url=fake.url, model=fake.model), access)))
        except (ProviderError, NotImplementedError) as error:
            texts += shown(error)
    return texts


def shown(error: BaseException) -> list[str]:
    """Returns a traceback with its variables, but for those of the tests themselves (a fake has the key)."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [
        str(frame.locals) for frame in found.stack if "photogram" in frame.filename and "tests" not in frame.filename
    ]
    return ["".join(traceback.format_exception(error)), repr(error), *frames]


def test_every_provider_with_a_key_is_tried() -> None:
    from photogram.providers.base import RemoteAdapter
    from photogram.providers.registry import default_registry

    tried = {one.adapter.name for module in MODULES if module != Path(__file__).stem for one in fakes_in(module)}
    there = {one.name for one in default_registry().providers() if isinstance(one, RemoteAdapter) and one.key_variables}
    assert there <= tried


@pytest.mark.parametrize("leak", sorted(FORMS))
def test_what_is_searched_for_is_found(leak: str) -> None:
    assert leaks(f"a {leak} b")
