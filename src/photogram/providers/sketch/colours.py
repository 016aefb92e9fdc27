"""Colour words, in English and Portuguese, and the pigments they stand for.

The values are a painter's, not a monitor's: no channel at its limit, so that any two can share a print.
"""

from __future__ import annotations

import re
import unicodedata

RGB = tuple[int, int, int]
"""One sRGB colour, 0–255 a channel."""

_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> list[str]:
    """Returns the words of a text, lower-case and without accents, in order.

    A word is a run of letters and digits of any script: `"Céu azul-marinho, 3 luas"` becomes
    `["ceu", "azul", "marinho", "3", "luas"]`.

    Args:
        text: Any text, in any language.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _WORD.findall(bare)


def word_set(text: str) -> frozenset[str]:
    """Returns folded words that are written one after the other, as a set."""
    return frozenset(text.split())


_PIGMENTS: tuple[tuple[RGB, str], ...] = (
    # reds
    ((206, 48, 44), "red reds reddish vermelho vermelha vermelhos vermelhas avermelhado avermelhada"),
    ((170, 24, 52), "crimson carmesim carmim carmine"),
    ((218, 50, 40), "scarlet escarlate escarlates encarnado encarnada"),
    ((226, 74, 46), "vermilion vermilhao"),
    ((156, 22, 60), "ruby rubi rubis"),
    ((112, 26, 50), "burgundy bordeaux bordo vinho maroon grena"),
    ((182, 66, 76), "cranberry framboesa raspberry cereja cherry"),
    ((150, 58, 44), "rust ferrugem rusty"),
    ((140, 58, 48), "brick tijolo"),
    # pinks
    ((234, 130, 162), "pink pinks rosado rosada rosados rosadas"),
    ((228, 122, 146), "rose rosa rosas"),
    ((242, 122, 98), "coral corais"),
    ((244, 150, 124), "salmon salmao"),
    ((250, 186, 154), "peach peachy pessego"),
    ((206, 56, 138), "magenta magentas"),
    ((220, 58, 146), "fuchsia fucsia pinkish"),
    ((240, 190, 194), "blush"),
    # oranges, yellows, golds
    ((238, 130, 44), "orange oranges alaranjado alaranjada alaranjados alaranjadas laranja laranjas"),
    ((244, 148, 64), "tangerine tangerina"),
    ((248, 174, 106), "apricot damasco abricot"),
    ((240, 164, 38), "amber ambar"),
    ((198, 94, 58), "terracotta terracota barro"),
    ((204, 110, 44), "copper cobre"),
    ((166, 118, 62), "bronze bronzed bronzeado"),
    ((246, 202, 58), "yellow yellows yellowish amarelo amarela amarelos amarelas amarelado amarelada"),
    ((212, 166, 58), "gold golden dourado dourada dourados douradas ouro"),
    ((206, 154, 54), "ochre ocher ocre ocres"),
    ((216, 170, 46), "mustard mostarda"),
    ((246, 222, 94), "lemon limao"),
    ((236, 190, 70), "saffron acafrao mel honey"),
    # greens
    ((66, 142, 84), "green greens greenish verde verdes esverdeado esverdeada"),
    ((28, 132, 98), "emerald esmeralda esmeraldas"),
    ((76, 156, 122), "jade jades"),
    ((158, 214, 186), "mint menta hortela"),
    ((164, 200, 62), "lime chartreuse"),
    ((122, 128, 58), "olive oliva azeitona"),
    ((156, 172, 136), "sage salvia"),
    ((92, 124, 68), "moss musgo"),
    ((122, 182, 70), "pistachio pistache pistacho"),
    ((108, 116, 76), "khaki caqui"),
    # blue-greens
    ((22, 126, 130), "teal teals petroleo"),
    ((54, 182, 180), "turquoise turquesa turquesas"),
    ((62, 188, 212), "cyan ciano aqua"),
    ((112, 202, 200), "aquamarine"),
    # blues
    ((44, 96, 180), "blue blues bluish azul azuis azulado azulada azulados azuladas"),
    ((24, 44, 92), "navy marinho marinha"),
    ((20, 74, 168), "cobalt cobalto"),
    ((28, 84, 160), "sapphire safira safiras"),
    ((70, 130, 190), "cerulean ceruleo"),
    ((124, 184, 228), "azure celeste celestes"),
    ((36, 62, 158), "ultramarine ultramarino"),
    ((58, 54, 128), "indigo indigos anil"),
    ((78, 114, 156), "denim jeans"),
    ((150, 160, 212), "periwinkle pervinca"),
    # violets
    ((122, 66, 152), "purple purples purplish roxo roxa roxos roxas arroxeado arroxeada purpura purpuras"),
    ((118, 84, 178), "violet violets violeta violetas"),
    ((184, 166, 216), "lavender lavanda alfazema"),
    ((190, 150, 206), "lilac lilacs lilas lilases"),
    ((160, 110, 160), "mauve malva"),
    ((150, 92, 176), "amethyst ametista ametistas"),
    ((110, 48, 92), "plum ameixa"),
    ((72, 38, 72), "aubergine eggplant berinjela"),
    # browns
    ((118, 78, 52), "brown browns brownish marrom marrons castanho castanha castanhos castanhas"),
    ((88, 54, 40), "chocolate"),
    ((112, 84, 58), "sepia umber"),
    ((160, 82, 48), "sienna siena"),
    ((190, 132, 78), "caramel caramelo"),
    ((206, 178, 142), "tan camel camelo"),
    ((222, 204, 174), "beige bege beges"),
    ((150, 128, 110), "taupe"),
    # whites, greys, blacks
    (
        (246, 244, 238),
        "white whites whitish branco branca brancos brancas esbranquicado",
    ),
    ((244, 236, 214), "ivory marfim"),
    ((246, 234, 204), "cream creamy creme cremes"),
    ((232, 226, 214), "pearl perola perolado"),
    (
        (138, 140, 142),
        "grey greys gray grays greyish cinza cinzas cinzento cinzenta cinzentos cinzentas",
    ),
    ((192, 196, 202), "silver silvery prata prateado prateada prateados prateadas"),
    ((92, 102, 112), "slate ardosia"),
    ((66, 72, 80), "graphite grafite chumbo"),
    ((52, 54, 58), "charcoal carvao"),
    ((26, 26, 30), "black blacks blackish preto preta pretos pretas negro negra negros negras"),
    ((30, 32, 42), "ebony ebano onyx onix"),
)

COLOURS: dict[str, RGB] = {word: rgb for rgb, words in _PIGMENTS for word in words.split()}
"""The pigment of every folded colour word."""
