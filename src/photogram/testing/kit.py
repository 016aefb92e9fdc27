"""The conformance kit: what every remote provider must do, tried against a fake of its service.

```python
from photogram.testing import FakeProvider, ProviderKit

class FakeAcme(FakeProvider): ...

class TestAcme(ProviderKit):
    fake_class = FakeAcme
```
"""

from __future__ import annotations

import json
from typing import Any

import httpx2

from ..domain.card import ANY_MODEL
from ..domain.request import GenerationRequest
from ..domain.secret import Secret
from ..domain.task import RemoteHandle
from ..engine.keys import open_access
from ..errors import ProviderError
from ..providers.wire import Access, WireAnswer, WireRequest
from .fake import FakeProvider
from .kit_carried import CarriedKit
from .kit_made import MadeKit
from .kit_refused import RefusedKit

GARBAGE: list[Any] = [
    None, 0, "x", [], [[]], [None], {}, {"error": None}, {"error": {"message": None, "code": 7}}, {"detail": [1]},
    {"error": {"details": [{"@type": 1}]}}, {"errors": {"a": ["b"]}}, {"data": [{"b64_json": 5}]}, {"status": None},
    {"output": {"choices": [{}]}}, {"candidates": [{"content": None}]}, {"result": [], "id": []}, {"images": ["!"]},
]  # fmt: skip


class ProviderKit(MadeKit, RefusedKit, CarriedKit):
    """Inherit from it in a class whose name begins with `Test`, and name the fake."""

    def test_key_check_tells_a_right_key_from_a_wrong_one(self, fake: FakeProvider) -> None:
        adapter = fake.adapter()
        answers = []
        for key in (fake.key, f"wrong-{fake.key}"):
            access = open_access(adapter, Secret(key))
            if request := adapter.build_key_check(access):
                answers.append(answer_to(request, access).status_code)
        assert bool(answers) == ("key_check" in fake.routes)
        if answers:
            assert 200 <= answers[0] < 300
            assert 400 <= answers[1] < 500

    def test_whatever_comes_is_read_or_refused_never_a_crash(self, fake: FakeProvider) -> None:
        adapter = fake.adapter()
        handle = RemoteHandle(remote_id="job", poll_url=fake.url, model=fake.model)
        request = GenerationRequest(task_id="tsk_1", model=fake.model, prompt="x")
        for body in GARBAGE:
            answer = WireAnswer(status=200, content=json.dumps(body).encode())
            for read in (lambda a: adapter.read_submit(a, request), lambda a: adapter.read_poll(a, handle),
                         lambda a: adapter.read_fetch(a, handle), adapter.read_upload, adapter.read_watch):  # fmt: skip
                try:
                    read(answer)
                except (ProviderError, NotImplementedError):
                    continue
            for status in (400, 401, 402, 403, 404, 409, 422, 429, 500, 503):
                error = adapter.read_error(WireAnswer(status=status, content=answer.content))
                assert isinstance(error, ProviderError)
                assert error.message

    def test_what_the_service_does_not_have_is_said(self, fake: FakeProvider) -> None:
        stated = type(fake).no_such
        assert stated.keys() == type(fake).missing(), "state it in the fake, or name in no_such what there is not"
        assert all(stated.values())

    def test_cards_are_complete(self, fake: FakeProvider) -> None:
        cards = fake.adapter().cards()
        assert cards
        for card in cards:
            assert card.provider == fake.adapter.name
            assert card.title
            assert card.source
            assert card.read_on
            assert card.successor is None or card.deprecated_on
            if card.model != ANY_MODEL and not any(spec.required for spec in card.params):
                assert card.check({}) is not None
        assert fake.adapter().card(fake.model)


def answer_to(request: WireRequest, access: Access) -> httpx2.Response:
    """Returns what is answered to a request that the engine does not send."""
    headers = {name: value.reveal() if isinstance(value, Secret) else value for name, value in request.headers.items()}
    return httpx2.request(request.method, access.route(request.url), headers=headers, json=request.json_body)
