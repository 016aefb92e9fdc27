"""What a painted scene must be: its size, its light, its colours, its manners."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.errors import BadParams, BadRequest
from photogram.providers.base import LocalProvider, Stopped
from photogram.providers.sketch import Sketch
from photogram.providers.sketch.abstract import ABSTRACT_STYLES
from photogram.providers.sketch.card import ABSTRACT_STYLES as CARD_ABSTRACT_STYLES
from photogram.providers.sketch.card import STYLES

SKETCH = Sketch()
CARDS = {card.model: card for card in SKETCH.cards()}
SEEDS = (7, 8, 9)


def paint(prompt, *, seed=7, references=(), progress=lambda _: None, cancelled=lambda: False, **params):
    checked = CARDS["scene"].check({"width": 192, "height": 192, **params})
    request = GenerationRequest(
        task_id="tsk_1", model="scene", prompt=prompt, params=checked, seed=seed, references=tuple(references)
    )
    made = SKETCH.run(request, progress, cancelled)
    assert made.seed == seed
    return Image.open(io.BytesIO(made.data))


def pixels(image):
    return np.asarray(image).astype(float)


def luminance(image):
    return float((pixels(image) @ [0.2126, 0.7152, 0.0722]).mean())


def redness(image):
    red, green, blue = pixels(image).reshape(-1, 3).mean(axis=0)
    return float(red - (green + blue) / 2)


def reference(colour, size=(120, 80)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return ReferenceImage(data=out.getvalue(), mime="image/png", sha256="0")


def test_it_is_a_local_provider_with_two_free_seeded_cards():
    assert isinstance(SKETCH, LocalProvider)
    assert set(CARDS) == {"scene", "abstract"}
    for card in CARDS.values():
        assert (card.provider, card.price_micros, card.local, card.seeded) == ("sketch", 0, True, True)
        assert "not a neural model" in card.about
        assert card.source
        assert card.read_on


def test_defaults_and_limits_are_checked_by_the_card():
    checked = CARDS["scene"].check({})
    assert (checked["width"], checked["height"], checked["quality"], checked["strength"]) == (
        1024,
        1024,
        "standard",
        0.6,
    )
    assert "style" not in checked
    assert "seed" not in checked
    for wrong in ({"width": 63}, {"height": 2049}, {"style": "cubist"}, {"strength": 0.33}, {"seed": 2**32}):
        with pytest.raises(BadParams):
            CARDS["scene"].check(wrong)


def test_the_abstract_card_offers_what_the_painter_can():
    assert CARD_ABSTRACT_STYLES == ABSTRACT_STYLES


def test_importing_the_provider_loads_no_numpy_and_no_pillow():
    code = (
        "import sys, photogram.providers.sketch as s; s.Sketch().cards();"
        "sys.exit(bool({'numpy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("size", [(64, 64), (65, 301), (640, 64), (333, 97)])
@pytest.mark.parametrize("style", ["painting", "watercolor", "pixel_art"])
def test_a_picture_has_exactly_the_asked_size(size, style):
    image = paint("a lighthouse at dusk", width=size[0], height=size[1], style=style)
    assert image.size == size
    assert image.mode == "RGB"


@pytest.mark.parametrize("prompt", ["city", "desert", "space", "forest", "river", "village in snow", "praia", "x"])
@pytest.mark.parametrize("size", [(64, 512), (512, 64)])
def test_extreme_proportions_are_painted_not_blank(prompt, size):
    image = paint(prompt, width=size[0], height=size[1])
    assert pixels(image).std() > 8


@pytest.mark.parametrize("seed", SEEDS)
def test_noon_is_plainly_brighter_than_dusk(seed):
    noon = paint("a lighthouse at noon, watercolor", seed=seed)
    dusk = paint("a lighthouse at dusk, watercolor", seed=seed)
    assert luminance(noon) > luminance(dusk) + 40


@pytest.mark.parametrize("style", STYLES)
def test_noon_is_brighter_than_midnight_in_every_style(style):
    noon = paint("hills at noon", style=style)
    night = paint("hills at midnight", style=style)
    assert luminance(noon) > luminance(night) + 2


@pytest.mark.parametrize("seed", SEEDS)
def test_red_makes_it_plainly_redder(seed):
    assert redness(paint("red hills and red sky", seed=seed)) > redness(paint("hills and sky", seed=seed)) + 10
    assert redness(paint("red, noon", seed=seed)) > redness(paint("noon", seed=seed)) + 25
    plain = paint("a lighthouse at noon, watercolor", seed=seed)
    assert redness(paint("a red lighthouse at noon, watercolor", seed=seed)) > redness(plain) + 3


def test_four_seeds_are_four_pictures():
    pictures = [pixels(paint("a lighthouse at dusk", seed=seed)) for seed in (7, 8, 9, 10)]
    for index, first in enumerate(pictures):
        for second in pictures[index + 1 :]:
            assert np.abs(first - second).mean() > 10


def test_time_and_style_keep_the_composition():
    prompt = "a castle in the mountains at {}"
    first, second = (pixels(paint(prompt.format(time))).mean(axis=2) for time in ("noon", "afternoon"))
    other = pixels(paint(prompt.format("noon"), seed=8)).mean(axis=2)

    def alike(one, two):
        return float(np.corrcoef(np.diff(one, axis=1).ravel(), np.diff(two, axis=1).ravel())[0, 1])

    assert alike(first, second) > alike(first, other) + 0.2


def test_unknown_words_change_the_composition():
    one, two = paint("quantum soup"), paint("a giraffe playing chess")
    assert np.abs(pixels(one) - pixels(two)).mean() > 8


def test_what_is_named_is_seen_and_what_is_denied_is_not():
    sea = pixels(paint("sea at noon", negative_prompt="clouds, island"))
    without = pixels(paint("sea at noon", negative_prompt="clouds, island, boats"))
    assert np.array_equal(sea, without)
    boats = read = pixels(paint("three boats on the sea at noon"))
    none = pixels(paint("three boats on the sea at noon", negative_prompt="boats"))
    assert np.abs(boats - none).max() > 60
    assert read is boats


def test_a_style_word_in_the_prompt_is_the_style_unless_one_is_given():
    word = pixels(paint("hills at noon, blueprint"))
    given = pixels(paint("hills at noon", style="blueprint"))
    other = pixels(paint("hills at noon, blueprint", style="poster"))
    assert np.array_equal(word, given)
    assert np.abs(word - other).mean() > 20


def test_pixel_art_is_made_of_true_pixels_in_few_colours():
    image = pixels(paint("sunset over the sea", style="pixel_art", width=288, height=288))
    assert np.array_equal(image[::2, ::2], image[1::2, 1::2])
    assert len(np.unique(image.reshape(-1, 3), axis=0)) <= 64


def test_hd_is_finer_work():
    standard, fine = (
        pixels(paint("forest at noon", quality=quality, width=512, height=512)) for quality in ("standard", "hd")
    )
    assert np.abs(standard - fine).mean() > 0.5
    small = [
        np.asarray(Image.fromarray(p.astype(np.uint8)).resize((16, 16), Image.Resampling.BOX), float)
        for p in (standard, fine)
    ]
    assert np.abs(small[0] - small[1]).mean() < 14


def test_progress_rises_and_is_told_often():
    told = []
    paint("a city at night", progress=told.append)
    assert len(told) >= 5
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_cancelled_picture_stops(after):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > after

    with pytest.raises(Stopped):
        paint("a city at night", cancelled=cancelled)


def test_strength_says_how_far_to_go_from_the_reference():
    blue = reference((40, 80, 200))
    away = [
        float(np.abs(pixels(paint("a red desert", references=[blue], strength=strength)) - (40, 80, 200)).mean())
        for strength in (0, 0.5, 1)
    ]
    assert away[0] < 2
    assert away[0] < away[1] < away[2]


def test_several_references_are_all_seen():
    image = pixels(paint("", references=[reference((220, 40, 40)), reference((40, 60, 220))], strength=0.2))
    assert image[:, :40, 0].mean() > image[:, :40, 2].mean() + 60
    assert image[:, -40:, 2].mean() > image[:, -40:, 0].mean() + 60


def test_a_reference_that_is_no_image_is_refused():
    with pytest.raises(BadRequest):
        paint("sea", references=[ReferenceImage(data=b"not an image", mime="image/png", sha256="0")])
