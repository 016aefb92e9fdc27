"""Reads a prompt as a `Scene`: what is in the picture, how much of it, in which colour, light and style."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from . import words
from .colours import COLOURS, fold
from .words import Lexicon

Colour = tuple[int, int, int]
"""An sRGB colour, 0–255 each."""

LONGEST_PHRASE = 4
_KINDS = ("style", "time", "weather", "season", "place", "thing", "mood")
_LEXICONS: tuple[Lexicon, ...] = (
    words.STYLE_WORDS,
    words.TIMES,
    words.WEATHER,
    words.SEASONS,
    words.PLACES,
    words.THINGS,
    words.MOODS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something named in the prompt.

    Attributes:
        name: A key of `words.THINGS`.
        count: How many, or None where the prompt does not say.
        plural: Whether it was named in the plural.
        colour: Its colour, or None for its own.
    """

    name: str
    count: int | None = None
    plural: bool = False
    colour: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a prompt asks for.

    Attributes:
        time: A key of `words.TIMES`, or "" where the prompt does not say.
        weather: Keys of `words.WEATHER`.
        season: A key of `words.SEASONS`, or "".
        places: Keys of `words.PLACES`, in the prompt's order.
        things: What was named, in order, each name once.
        moods: Keys of `words.MOODS`.
        style: A key of `words.STYLE_WORDS`, or "".
        tint: A colour for the whole palette, or None.
        place_colours: Colours given to places ("a pink sea"), by place.
        absent: Keys of any lexicon that must not be seen.
        unknown: Words nobody knows, in order; they only stir the composition.
    """

    time: str = ""
    weather: frozenset[str] = frozenset()
    season: str = ""
    places: tuple[str, ...] = ()
    things: tuple[Thing, ...] = ()
    moods: frozenset[str] = frozenset()
    style: str = ""
    tint: Colour | None = None
    place_colours: tuple[tuple[str, Colour], ...] = ()
    absent: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def thing(self, *names: str) -> Thing | None:
        """Returns the first thing of one of these names, or None."""
        return next((thing for thing in self.things if thing.name in names), None)

    def colour_of(self, place: str) -> Colour | None:
        """Returns the colour the prompt gives a place, or None."""
        return next((colour for name, colour in self.place_colours if name == place), None)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word or phrase of the prompt: its meanings as (kind, key), and what the plain words were."""

    text: str
    meanings: tuple[tuple[str, str], ...] = ()
    plural: bool = False
    colour: Colour | None = None
    number: int | None = None
    negates: bool = False


def read_prompt(prompt: str, negative_prompt: str = "") -> Scene:
    """Returns what `prompt` asks for, without what `negative_prompt` names."""
    tokens = _tokens(fold(prompt))
    denied = _denied(tokens)
    absent = {key for index in denied for _, key in tokens[index].meanings}
    absent |= {key for token in _tokens(fold(negative_prompt)) for _, key in token.meanings}
    kept = [token for index, token in enumerate(tokens) if index not in denied]
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for token in kept:
        for kind, key in token.meanings:
            if key not in absent:
                found[kind].append(key)
    owners = _colour_owners(kept, noun_first=_is_portuguese(fold(prompt)))
    things = _things(kept, owners, absent)
    free = [token.colour for index, token in enumerate(kept) if token.colour and index not in owners.values()]
    return Scene(
        time=_last(found["time"]),
        weather=frozenset(found["weather"]),
        season=_last(found["season"]),
        places=tuple(dict.fromkeys(found["place"])),
        things=things,
        moods=frozenset(found["mood"]),
        style=_last(found["style"]),
        tint=free[0] if free else None,
        place_colours=tuple(
            (key, colour)
            for owner, source in owners.items()
            for kind, key in kept[owner].meanings
            if kind in ("place", "time", "weather") and (colour := kept[source].colour)
        ),
        absent=frozenset(absent),
        unknown=tuple(token.text for token in kept if _is_unknown(token)),
    )


def _is_unknown(token: _Token) -> bool:
    small = words.PORTUGUESE | words.ENGLISH | words.JOINS
    return not (token.meanings or token.colour or token.number or token.negates or token.text in small)


def _last(keys: list[str]) -> str:
    return keys[-1] if keys else ""


@cache
def _meanings() -> dict[str, tuple[tuple[str, str], ...]]:
    """Returns every phrase of the lexicons with what it may mean."""
    table: dict[str, tuple[tuple[str, str], ...]] = {}
    for kind, lexicon in zip(_KINDS, _LEXICONS, strict=True):
        for key, languages in lexicon.items():
            for phrase in ",".join(languages).split(","):
                table[phrase] = (*table.get(phrase, ()), (kind, key))
    return table


def singulars(word: str) -> list[str]:
    """Returns what a folded word may be the plural of, in English or Portuguese, the word itself first."""
    endings = (
        ("ies", "y"), ("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ois", "ol"), ("ns", "m"),
        ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("res", "r"), ("zes", "z"), ("ses", "s"), ("ves", "f"), ("s", ""),
    )  # fmt: skip
    return [word] + [word[: -len(end)] + new for end, new in endings if word.endswith(end) and len(word) > len(end) + 1]


def _tokens(folded: list[str]) -> list[_Token]:
    negations = words.NOT["pt"] | (words.NOT["en"] - ({"no"} if _is_portuguese(folded) else set()))
    tokens: list[_Token] = []
    at = 0
    while at < len(folded):
        token, length = _token_at(folded, at, negations)
        tokens.append(token)
        at += length
    return tokens


def _is_portuguese(folded: list[str]) -> bool:
    return _score(folded, words.PORTUGUESE, 1) > _score(folded, words.ENGLISH, 0)


def _score(folded: list[str], small: frozenset[str], language: int) -> int:
    """Returns how many words speak for a language: small words, and those only its lexicon has."""
    own, other = _vocabulary(language), _vocabulary(1 - language)
    return sum((word in small) + any(s in own and s not in other for s in singulars(word)) for word in folded)


@cache
def _vocabulary(language: int) -> frozenset[str]:
    """Returns the single words of the English (0) or the Portuguese (1) half of the lexicons."""
    halves = (languages[language] for lexicon in _LEXICONS for languages in lexicon.values())
    return frozenset(phrase for half in halves for phrase in half.split(",") if " " not in phrase)


def _token_at(folded: list[str], at: int, negations: frozenset[str]) -> tuple[_Token, int]:
    table = _meanings()
    for length in range(min(LONGEST_PHRASE, len(folded) - at), 0, -1):
        phrase = folded[at : at + length]
        for candidate in _phrase_singulars(phrase):
            if candidate in table:
                return _Token(" ".join(phrase), table[candidate], candidate != " ".join(phrase)), length
    word = folded[at]
    if word in negations:
        return _Token(word, negates=True), 1
    if word in COLOURS:
        return _Token(word, colour=COLOURS[word]), 1
    number = words.NUMBERS.get(word) or (min(int(word), 40) if word.isdecimal() and len(word) < 4 else None)
    return _Token(word, number=number or None), 1


def _phrase_singulars(phrase: list[str]) -> list[str]:
    """Returns a phrase with its last or (Portuguese) first word in the singular."""
    head, tail = phrase[:-1], phrase[-1]
    found = [" ".join([*head, word]) for word in singulars(tail)]
    if head:
        found += [" ".join([word, *phrase[1:]]) for word in singulars(phrase[0])]
    return found


def _denied(tokens: list[_Token]) -> set[int]:
    """Returns the places of the tokens that a "no" leaves out."""
    denied: set[int] = set()
    for start, token in enumerate(tokens):
        if not token.negates:
            continue
        reach, at = 2, start + 1
        while at < len(tokens) and reach > 0:
            if tokens[at].meanings:
                denied.add(at)
                reach = 1
            elif tokens[at].text not in words.JOINS:
                reach -= 1
            at += 1
            if denied and at < len(tokens) and tokens[at].meanings and tokens[at - 1].text not in words.JOINS:
                break
    return denied


def _colour_owners(tokens: list[_Token], *, noun_first: bool) -> dict[int, int]:
    """Returns which token (of a thing or a place) each colour token belongs to, as owner → colour.

    Args:
        tokens: Of the prompt.
        noun_first: Whether a colour follows its noun, as in Portuguese.
    """
    owners: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if token.colour is None:
            continue
        after = [at for at in (index + 1, index + 2) if at < len(tokens) and _ownable(tokens[at])]
        before = [at for at in (index - 1, index - 2) if at >= 0 and _ownable(tokens[at])]
        for at in [*before[:1], *after] if noun_first else [*after[:1], *before]:
            if at not in owners:
                owners[at] = index
                break
    return owners


def _ownable(token: _Token) -> bool:
    return any(kind in ("thing", "place") for kind, _ in token.meanings)


def _things(tokens: list[_Token], owners: dict[int, int], absent: set[str]) -> tuple[Thing, ...]:
    things: dict[str, Thing] = {}
    for index, token in enumerate(tokens):
        for kind, key in token.meanings:
            if kind != "thing" or key in absent or key in things:
                continue
            counts = [tokens[at].number for at in range(max(0, index - 3), index) if not _cut(tokens, at, index)]
            number = next((count for count in reversed(counts) if count), None)
            colour = tokens[owners[index]].colour if index in owners else None
            things[key] = Thing(name=key, count=number, plural=token.plural, colour=colour)
    return tuple(things.values())


def _cut(tokens: list[_Token], start: int, end: int) -> bool:
    """Returns whether another thing stands between a number and what it might count."""
    return any(_ownable(token) for token in tokens[start + 1 : end])
