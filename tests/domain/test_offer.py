"""Sizes of a model that makes only certain ones: exactly what was asked for, or a refusal that says what there is."""

from __future__ import annotations

import pytest

from photogram.domain.offer import SizeOffer

RATIOS = {"auto": "", "1:1": "1024x1024", "16:9": "1376x768"}
OFFER = SizeOffer.of_ratios(RATIOS, {"1K": 1, "2K": 2})


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"aspect_ratio": "auto", "resolution": "1K"}),
        ({"aspect_ratio": " AUTO "}, {"aspect_ratio": "auto", "resolution": "1K"}),
        ({"aspect_ratio": "auto", "resolution": "2k"}, {"aspect_ratio": "auto", "resolution": "2K"}),
        ({"resolution": "2K"}, {"aspect_ratio": "auto", "resolution": "2K"}),
        ({"size": "1024x1024"}, {"aspect_ratio": "1:1", "resolution": "1K"}),
        ({"size": "2752x1536"}, {"aspect_ratio": "16:9", "resolution": "2K"}),
        ({"aspect_ratio": "32:18"}, {"aspect_ratio": "16:9", "resolution": "1K"}),
        ({"width": 1376}, {"aspect_ratio": "16:9", "resolution": "1K"}),
    ],
)
def test_what_is_offered_is_sent_in_the_providers_words(given, sent):
    assert OFFER.resolve(given) == (sent, [])


@pytest.mark.parametrize(
    "given", [{"size": "800x600"}, {"aspect_ratio": "5:1"}, {"aspect_ratio": "auto", "width": 1024}]
)
def test_anything_else_is_refused_with_what_there_is(given):
    sent, (problem,) = OFFER.resolve(given)
    assert sent == {}
    assert "1:1 1K (1024x1024)" in problem


@pytest.mark.parametrize("ratio", ["square", "auto"])
def test_a_word_that_is_not_offered_is_no_ratio(ratio):
    _, (problem,) = SizeOffer.of_ratios({"1:1": "1024x1024"}).resolve({"aspect_ratio": ratio})
    assert "W:H" in problem
