"""The painter of abstract prints: what words, params, seeds and references change, and what they must not."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.errors import BadRequest
from photogram.providers.base import Stopped
from photogram.providers.sketch.abstract import ABSTRACT_STYLES, paint_abstract
from photogram.providers.sketch.abstract_palette import alike
from photogram.providers.sketch.abstract_plan import Plan, build_plan
from photogram.providers.sketch.colours import COLOURS

STYLES = ABSTRACT_STYLES[1:]
SIZE = {"width": 128, "height": 128}


def ask(prompt: str, *, seed: int | None = 7, references: tuple[bytes, ...] = (), **params: Any) -> GenerationRequest:
    """Returns a request for one small picture."""
    return GenerationRequest(
        task_id="tsk_1",
        model="abstract",
        prompt=prompt,
        params={**SIZE, "quality": "standard", "style": "auto", "negative_prompt": "", **params},
        seed=seed,
        references=tuple(ReferenceImage(data=data, mime="image/png", sha256="") for data in references),
    )


def paint(prompt: str, **asked: Any) -> Image.Image:
    return paint_abstract(ask(prompt, **asked), lambda share: None, lambda: False)


def pixels(prompt: str, **asked: Any) -> NDArray[np.int64]:
    return np.asarray(paint(prompt, **asked)).astype(np.int64)


def plan(prompt: str, seed: int = 7, **params: Any) -> Plan:
    return build_plan(prompt, {**SIZE, **params}, seed)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def share_of(colour: str, picture: NDArray[np.int64]) -> float:
    """Returns the share of pixels that one would call by this colour's name."""
    seen, counts = np.unique((picture.reshape(-1, 3) // 16) * 16 + 8, axis=0, return_counts=True)
    named = [alike((int(r), int(g), int(b)), COLOURS[colour]) for r, g, b in seen]
    return float(counts[np.array(named)].sum() / counts.sum())


# ── Every form ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("style", STYLES)
def test_pictures_are_rgb_of_the_exact_size(style: str) -> None:
    for width, height in ((64, 64), (65, 301), (333, 64)):
        picture = paint("anything", style=style, width=width, height=height)
        assert (picture.mode, picture.size) == ("RGB", (width, height))


@pytest.mark.parametrize("style", STYLES)
def test_pictures_have_something_to_see(style: str) -> None:
    picture = pixels("something", style=style)
    assert picture.std(axis=(0, 1)).max() > 12
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 200


@pytest.mark.parametrize("style", STYLES)
def test_same_request_gives_the_same_pixels(style: str) -> None:
    assert (pixels("a quiet song", style=style) == pixels("a quiet song", style=style)).all()


@pytest.mark.parametrize("style", STYLES)
def test_another_seed_gives_another_picture(style: str) -> None:
    assert np.abs(pixels("song", style=style, seed=1) - pixels("song", style=style, seed=2)).mean() > 8


@pytest.mark.parametrize("style", STYLES)
def test_a_word_nobody_knows_changes_the_composition(style: str) -> None:
    assert np.abs(pixels("blue", style=style) - pixels("blue xyzzy", style=style)).mean() > 6


@pytest.mark.parametrize("style", STYLES)
def test_hd_shows_the_same_size_finer(style: str) -> None:
    plain, fine = pixels("song", style=style), pixels("song", style=style, quality="hd")
    assert plain.shape == fine.shape
    assert (plain != fine).any()


@pytest.mark.parametrize("style", STYLES)
def test_a_cancelled_picture_stops_early(style: str) -> None:
    told: list[float] = []
    with pytest.raises(Stopped):
        paint_abstract(ask("song", style=style), told.append, lambda: len(told) >= 3)
    assert len(told) == 3


@pytest.mark.parametrize("style", STYLES)
def test_progress_rises_from_0_to_1(style: str) -> None:
    told: list[float] = []
    paint_abstract(ask("song", style=style), told.append, lambda: False)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert told == sorted(told)
    assert len(told) >= 6


def test_pixels_do_not_depend_on_the_processor_or_the_hash_seed() -> None:
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); from test_sketch_abstract import STYLES, paint\n"
        "for s in STYLES: print(hashlib.sha256(paint('ondas e vento', style=s).tobytes()).hexdigest())"
    )
    plain = {**os.environ, "PYTHONHASHSEED": "4", "NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)}
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, os.path.dirname(__file__)],
        env=plain, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    here = [hashlib.sha256(paint("ondas e vento", style=style).tobytes()).hexdigest() for style in STYLES]
    assert printed == here


# ── What words choose ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("style", ["flow", "gradient", "bauhaus", "waves", "stripes", "contours"])
def test_colour_words_move_the_picture_to_their_hue(style: str) -> None:
    red, blue = pixels("vermelho", style=style), pixels("azul", style=style)
    assert (red[..., 0] - red[..., 2]).mean() > 25
    assert (blue[..., 2] - blue[..., 0]).mean() > 20


def test_colour_and_mood_words_leave_the_composition_alone() -> None:
    assert plan("red waves").seed == plan("calm blue waves").seed
    assert plan("red waves").seed != plan("red waves violin").seed


def test_moods_change_contrast_density_and_movement() -> None:
    calm, wild = plan("calm soft song"), plan("chaotic energetic song")
    assert calm.density < wild.density
    assert calm.movement < wild.movement
    for style in ("waves", "stripes"):
        spread = [pixels(f"{mood} blue song", style=style).std() for mood in ("calm pastel", "energetic")]
        assert spread[0] < spread[1] * 0.85


def test_dark_words_paint_a_night() -> None:
    for style in ("flow", "bauhaus", "terrazzo"):
        assert pixels("noite", style=style).mean() < pixels("day", style=style, negative_prompt="dark").mean() - 40


@pytest.mark.parametrize(
    ("prompt", "style"),
    [("blue waves", "waves"), ("ondas azuis", "waves"), ("Bauhaus poster", "bauhaus"), ("três círculos", "bauhaus"),
     ("listras", "stripes"), ("degradê", "gradient"), ("vento", "flow"), ("constelações", "constellations"),
     ("terrazzo floor", "terrazzo"), ("anéis", "rings"), ("topographic map", "contours")],
)  # fmt: skip
def test_form_words_choose_the_form(prompt: str, style: str) -> None:
    assert plan(prompt).style == style


def test_the_style_param_wins_over_words() -> None:
    assert plan("blue waves", style="rings").style == "rings"


def test_without_form_words_every_form_comes_up() -> None:
    assert {plan("violin", seed).style for seed in range(80)} == set(STYLES)


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("3 waves", 3), ("três grandes ondas", 3), ("twelve stripes", 12), ("waves", None), ("7 songs of a wave", None),
     ("9999 waves", 60), ("0 waves", None), ("² waves", 2)],
)  # fmt: skip
def test_counts_are_read_before_the_form(prompt: str, count: int | None) -> None:
    assert plan(prompt).count == count


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_count_is_what_is_seen(count: int) -> None:
    picture = paint(f"{count} black chips", style="terrazzo", width=320, height=320)
    chips = picture.convert("L").filter(ImageFilter.MedianFilter(5)).point(lambda tone: 255 * (tone > 48))
    found = 0
    while (place := chips.tobytes().find(255)) >= 0:
        ImageDraw.floodfill(chips, (place % 320, place // 320), 0)
        found += 1
    assert found == count


# ── What is to be left out ──────────────────────────────────────────────────────────────────────────────────────────


def test_negative_colours_do_not_appear() -> None:
    for seed in range(4):
        asked = pixels("red and blue", style="bauhaus", seed=seed)
        spared = pixels("red and blue", style="bauhaus", seed=seed, negative_prompt="vermelho")
        assert share_of("red", asked) > 0.04
        assert share_of("red", spared) < 0.02


def test_palettes_without_colour_words_keep_clear_of_negative_colours() -> None:
    for seed in range(30):
        palette = plan("song", seed, negative_prompt="green, verde").palette
        assert not [ink for ink in (*palette.inks, palette.ground) if alike(ink, COLOURS["green"])]


def test_negative_forms_and_moods_are_avoided() -> None:
    styles = {plan("violin", seed, negative_prompt="waves, stripes, no circles").style for seed in range(60)}
    assert not styles & {"waves", "stripes", "bauhaus"}
    assert not any(plan("violin", seed, negative_prompt="dark").night for seed in range(40))
    assert plan("song", negative_prompt="chaotic").movement < plan("song").movement


def test_without_in_the_prompt_is_a_negative() -> None:
    assert plan("waves without red sem azul").palette == plan("waves", negative_prompt="red azul").palette
    assert plan("anything without waves").style != "waves"


def test_a_negative_of_everything_still_paints() -> None:
    words = " ".join(COLOURS) + " waves stripes flow gradient bauhaus rings terrazzo contours constellations"
    assert paint("red waves", negative_prompt=words).size == (128, 128)


# ── References ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _reference() -> Image.Image:
    image = Image.new("RGB", (300, 200), (236, 228, 210))
    image.paste((150, 40, 90), (0, 0, 150, 120))
    image.paste((40, 120, 70), (150, 80, 300, 200))
    return image


def test_strength_says_how_far_from_the_reference() -> None:
    reference = _reference()
    fitted = np.asarray(reference.crop((50, 0, 250, 200)).resize((128, 128))).astype(np.int64)
    far = [
        np.abs(pixels("song", style="rings", references=(png(reference),), strength=strength) - fitted).mean()
        for strength in (0.0, 0.2, 0.6, 1.0)
    ]
    assert far[0] < 4
    assert far == sorted(far)
    assert far[3] > far[1] + 20


def test_the_palette_is_drawn_from_the_reference() -> None:
    picture = pixels("song", style="bauhaus", references=(png(_reference()),), strength=1.0)
    assert share_of("green", picture) > 0.03
    assert share_of("blue", picture) < 0.01


def test_named_colours_win_over_the_reference() -> None:
    picture = pixels("azul", style="bauhaus", references=(png(_reference()),), strength=1.0)
    assert share_of("blue", picture) > 0.1


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "LA", "1", "CMYK"])
def test_references_of_any_mode_are_taken(mode: str) -> None:
    source = _reference().convert("L").convert(mode) if mode in ("LA", "1") else _reference().convert(mode)
    out = io.BytesIO()
    source.save(out, "TIFF" if mode == "CMYK" else "PNG")
    assert paint("song", references=(out.getvalue(),), strength=0.5).size == (128, 128)


def test_a_reference_of_one_pixel_is_taken() -> None:
    assert paint("song", references=(png(Image.new("RGB", (1, 1), (9, 9, 9))),)).size == (128, 128)


def test_a_broken_reference_says_so() -> None:
    with pytest.raises(BadRequest, match="cannot be opened"):
        paint("song", references=(b"not an image",))


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_seed_is_seed_0() -> None:
    assert (pixels("song", seed=None) == pixels("song", seed=0)).all()


@pytest.mark.parametrize("prompt", ["✨", "…", "青い波", "a" * 4000, "red " * 500, "1", "0 60 ondas"])
def test_any_prompt_is_painted(prompt: str) -> None:
    assert paint(prompt).size == (128, 128)


def test_huge_and_negative_seeds_are_taken() -> None:
    assert (pixels("song", seed=2**63) != pixels("song", seed=-1)).any()
