"""What is known of the models before one is used."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date

import pytest

from photogram.domain.card import ModelCard
from photogram.errors import UnknownModel
from photogram.providers.registry import Registry
from photogram.studio.catalogue import say_retirement

from .painters import Dots

CARD = ModelCard(provider="acme", model="old", title="Old", deprecated_on="2026-12-01", successor="acme:new")
COLUMNS = {
    "model", "provider", "title", "params", "price_usd", "key_present", "deprecated", "retires_on", "successor",
    "source", "read_on", "origin",
}  # fmt: skip


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2026-11-01", "acme:old is going to be retired by its provider on 2026-12-01. Use acme:new instead."),
        ("2026-11-30", "acme:old is going to be retired by its provider on 2026-12-01. Use acme:new instead."),
        ("2026-12-01", "acme:old was retired by its provider on 2026-12-01. Use acme:new instead."),
        ("2030-01-01", "acme:old was retired by its provider on 2026-12-01. Use acme:new instead."),
        ("2026-10-31", None),
    ],
)
def test_retired_model_names_its_successor(today, said):
    assert say_retirement(CARD, date.fromisoformat(today)) == said


def test_model_without_a_date_or_a_successor_says_no_more_than_is_known():
    today = date(2027, 1, 1)
    assert say_retirement(replace(CARD, deprecated_on=None), today) is None
    assert say_retirement(replace(CARD, deprecated_on="soon"), today) is None
    assert say_retirement(replace(CARD, successor=None), today) == (
        "acme:old was retired by its provider on 2026-12-01."
    )


class Retired(Dots):
    """Painters, one of them retired."""

    def cards(self):
        plain = super().cards()[0]
        return [plain, replace(plain, model="old", deprecated_on="2020-01-01", successor="dots:plain")]


def test_retired_model_warns_where_it_is_used_and_still_runs(studio):
    studio._engine.registry.add(Retired())
    with pytest.warns(UserWarning, match="dots:old was retired .* Use dots:plain instead") as caught:
        batch = studio.generate("a boat", model="dots:old")
    assert [warning.filename for warning in caught] == [__file__]
    assert batch.wait(10)[0].error is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        studio.generate("a boat", model="dots:plain").wait(10)
    row = studio.models().set_index("model").loc["dots:old"]
    assert (bool(row.deprecated), row.retires_on, row.successor) == (True, "2020-01-01", "dots:plain")


def test_models_says_where_everything_is_known_from(studio):
    frame = studio.models()
    assert set(frame.columns) == COLUMNS
    assert not frame.model.duplicated().any()
    by_model = frame.set_index("model")
    assert by_model.loc["fal:*"].provider == "fal"
    assert by_model.loc["sketch:scene"].origin == "built-in"
    online = frame[~frame.provider.isin(["sketch", "diffusers", "dots"])]
    assert (online.source != "").all()
    assert online.read_on.str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_model_of_a_template_is_found_under_any_name():
    from photogram.providers.fal import Fal

    registry = Registry([Fal()])
    assert registry.card("fal:someone/new-model").model == "someone/new-model"
    with pytest.raises(UnknownModel):
        registry.card("nobody:x")
