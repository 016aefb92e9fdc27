"""What a prompt asks of an abstract picture: its form, its palette, how full and how moved it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .abstract_forms import FORMS
from .abstract_palette import adjust_contrast, alike, build_palette, darken_ground, leave_out, lightness_of
from .colours import COLOURS, RGB, fold, word_set
from .moods import PALETTES, Mood, Palette, read_moods
from .noise import stable_seed

if TYPE_CHECKING:
    from PIL import Image

_COUNTED = (
    *("one um uma single", "two dois duas pair par", "three tres trio", "four quatro", "five cinco", "six seis"),
    *("seven sete", "eight oito", "nine nove", "ten dez", "eleven onze", "twelve doze dozen duzia"),
)
_NUMBERS = {word: number for number, words in enumerate(_COUNTED, start=1) for word in words.split()}
_MOST = 60
_NEGATIONS = word_set("without sem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a painter of one form needs to know.

    Attributes:
        width: Pixels across.
        height: Pixels down.
        fine: Whether to draw with more samples per pixel.
        style: Which form to paint.
        palette: Ground and inks, contrast applied.
        density: How full, 0–1.
        movement: How much forms bend and lean, 0–1.
        count: How many of its forms the prompt asks for, or None.
        moods: Names of the moods that were met.
        words: All folded words.
        seed: Seed of the composition.
        guide: A reference image, cut to the picture's proportions, that forms may take their colours from, or None.
    """

    width: int
    height: int
    fine: bool = False
    style: str = "flow"
    palette: Palette
    density: float = 0.5
    movement: float = 0.5
    count: int | None = None
    moods: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    seed: int = 0
    guide: Image.Image | None = None

    @property
    def short(self) -> int:
        """The shorter side, in pixels: what sizes are relative to."""
        return min(self.width, self.height)

    def guide_at(self, at: tuple[float, float]) -> RGB:
        """Returns the guide's colour at a place given in the picture's pixels; the ground where there is no guide."""
        if self.guide is None:
            return self.palette.ground
        across, down = self.guide.size
        column = min(across - 1, max(0, int(at[0] / self.width * across)))
        row = min(down - 1, max(0, int(at[1] / self.height * down)))
        colour = self.guide.getpixel((column, row))
        return colour if isinstance(colour, tuple) and len(colour) == 3 else self.palette.ground

    @property
    def night(self) -> bool:
        """Whether the ground is dark."""
        return lightness_of(self.palette.ground) < 0.5


def build_plan(prompt: str, params: Mapping[str, object], seed: int, found: Sequence[Palette] = ()) -> Plan:
    """Returns what a prompt and its parameters ask for.

    Words that name colours and moods choose those and nothing else, so that "blue waves" and "red waves" are one
    composition in two palettes; all other words, known or not, make the composition.

    Args:
        prompt: What the user wrote.
        params: `width`, `height`, and where given `quality`, `style` and `negative_prompt`.
        seed: The picture's seed.
        found: A palette found in a reference image, used unless the prompt names colours; at most one.
    """
    words, unwanted = _split_negations(fold(prompt))
    unwanted += fold(str(params.get("negative_prompt") or ""))
    moods = tuple(mood for mood in read_moods(words) if not mood.meets(unwanted))
    unloved = read_moods(unwanted)
    telling = [word for word in words if word not in COLOURS and not any(mood.knows(word) for mood in moods)]
    composition = stable_seed("abstract", seed, *(telling or words or [prompt]))
    style = _choose_style(str(params.get("style") or "auto"), words, unwanted, moods, composition)
    feeling = {axis: _feel(axis, moods, unloved) for axis in ("density", "contrast", "movement")}
    colours = tuple(COLOURS[word] for word in words if word in COLOURS and word not in unwanted)
    banned = tuple(dict.fromkeys(COLOURS[word] for word in unwanted if word in COLOURS))
    palette = _choose_palette(colours, banned, moods, unloved, found, composition)
    width, height = int(str(params["width"])), int(str(params["height"]))
    return Plan(
        width=width,
        height=height,
        fine=params.get("quality") == "hd",
        style=style,
        palette=leave_out(adjust_contrast(leave_out(palette, banned), feeling["contrast"]), banned),
        density=feeling["density"],
        movement=feeling["movement"],
        count=_read_count(words, style),
        moods=frozenset(mood.name for mood in moods),
        words=frozenset(words),
        seed=composition,
    )


def _feel(axis: str, moods: Sequence[Mood], unloved: Sequence[Mood]) -> float:
    """Returns how far the moods move one axis from its middle, and the unloved ones back: 0–1."""
    felt = float(sum(getattr(mood, axis) for mood in moods) - sum(getattr(mood, axis) for mood in unloved))
    return min(1.0, max(0.0, 0.5 + felt))


def _split_negations(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the words that are wanted, and those that follow a "without"."""
    wanted: list[str] = []
    unwanted: list[str] = []
    negated = False
    for word in words:
        if word in _NEGATIONS:
            negated = True
            continue
        (unwanted if negated else wanted).append(word)
        negated = False
    return wanted, unwanted


def _choose_style(asked: str, words: Sequence[str], unwanted: Sequence[str], moods: Sequence[Mood], seed: int) -> str:
    if asked in FORMS:
        return asked
    left = [form for form, names in FORMS.items() if not names & set(unwanted)] or list(FORMS)
    named = [form for word in words for form in left if word in FORMS[form]]
    if named:
        return named[0]
    suited = [form for mood in moods for form in mood.styles if form in left]
    choices = suited or left
    return choices[stable_seed("style", seed) % len(choices)]


def _read_count(words: Sequence[str], style: str) -> int | None:
    """Returns the number that stands at most two words before a word of the form."""
    for place, word in enumerate(words):
        if word in FORMS[style]:
            for before in reversed(words[max(0, place - 2) : place]):
                number = int(before) if before.isdecimal() and len(before) < 5 else _NUMBERS.get(before, 0)
                if number:
                    return min(_MOST, number)
    return None


def _choose_palette(
    colours: Sequence[RGB],
    banned: Sequence[RGB],
    moods: Sequence[Mood],
    unloved: Sequence[Mood],
    found: Sequence[Palette],
    seed: int,
) -> Palette:
    dark = any(mood.dark for mood in moods)
    if colours:
        return build_palette(colours, dark=dark)
    if found:
        return darken_ground(found[0]) if dark else found[0]
    names = {mood.name for mood in moods}
    unloved_names = {mood.name for mood in unloved}

    def fitness(palette: Palette) -> int:
        lost = sum(alike(ink, colour) for ink in (*palette.inks, palette.ground) for colour in banned)
        return 3 * len(names & palette.moods) - 4 * len(unloved_names & palette.moods) - 2 * lost

    best = max(fitness(palette) for palette in PALETTES)
    choices = [palette for palette in PALETTES if fitness(palette) == best]
    if not names:  # nothing asks for a kind of light: every palette that the negative prompt spares may come
        choices = [palette for palette in PALETTES if fitness(palette) >= min(best, 0)]
    choice = choices[stable_seed("palette", seed) % len(choices)]
    return darken_ground(choice) if dark else choice
