"""Palettes picked by hand, and the moods that choose among them.

A palette is a ground and a few inks, as a printmaker would mix them. A mood is a set of words, English and Portuguese,
and what they do to a picture: how full, how contrasted and how moved it is, which palettes and forms suit it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .colours import RGB


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """A ground and its inks.

    Attributes:
        name: What it is called.
        ground: The paper, or the night, that everything lies on.
        inks: Three to six colours, in the order in which they matter.
        moods: Names of the moods it suits.
    """

    name: str
    ground: RGB
    inks: tuple[RGB, ...]
    moods: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """Words of one feeling, and what they do.

    Attributes:
        name: What palettes call it.
        words: Folded words; one that ends in `*` stands for all words that begin so.
        density: Added to how full the picture is (0–1, 0.5 without moods).
        contrast: Added to how far its inks lie apart (likewise).
        movement: Added to how much its forms bend and lean (likewise).
        styles: Forms that suit it, where the prompt names none.
        dark: Whether it asks for a dark ground.
    """

    name: str
    words: tuple[str, ...]
    density: float = 0.0
    contrast: float = 0.0
    movement: float = 0.0
    styles: tuple[str, ...] = ()
    dark: bool = False

    def meets(self, words: Iterable[str]) -> bool:
        """Returns whether any of these folded words is one of its own."""
        return any(self.knows(word) for word in words)

    def knows(self, word: str) -> bool:
        """Returns whether this folded word is one of its own."""
        return any(word == own or (own[-1] == "*" and word.startswith(own[:-1])) for own in self.words)


def _palette(name: str, ground: str, inks: str, moods: str) -> Palette:
    return Palette(
        name=name,
        ground=_rgb(ground),
        inks=tuple(_rgb(ink) for ink in inks.split()),
        moods=frozenset(moods.split()),
    )


def _rgb(hexadecimal: str) -> RGB:
    red, green, blue = bytes.fromhex(hexadecimal)
    return red, green, blue


def _mood(
    name: str,
    words: str,
    deltas: tuple[float, float, float] = (0.0, 0.0, 0.0),
    styles: str = "",
    *,
    dark: bool = False,
) -> Mood:
    density, contrast, movement = deltas
    return Mood(
        name=name,
        words=tuple(words.split()),
        density=density,
        contrast=contrast,
        movement=movement,
        styles=tuple(styles.split()),
        dark=dark,
    )


PALETTES: tuple[Palette, ...] = (
    # primaries and posters
    _palette("dessau", "f2ead8", "1d1d20 d23a2c efb02e 234f96", "energetic retro"),
    _palette("weimar", "efe6d2", "20242c c8452f e3a72f 2f6f8f 8fb3a8", "retro warm"),
    _palette("ulm", "f3efe6", "26292e e0562f 3a7ca5 86a7b0 d9c9a3", "minimal retro"),
    _palette("memphis", "f7f3ea", "24242a ea5f6c f4c54c 14a3a1 7b5ea7", "chaotic joyful retro energetic"),
    _palette("carnival", "fbefdc", "4a1a6b dc366f f28b33 f4cb45 16978f", "joyful energetic chaotic"),
    _palette("candy", "fdf3f0", "5b4a9e 62b2e0 f4a6c1 f7d272 ec7480", "joyful dreamy pastel"),
    _palette("citrus", "fbf5de", "2d5a3d 7ba743 d6d04c f3b03a e9703a", "joyful energetic"),
    _palette("tropicalia", "fbf0da", "0f5b4c 2b9a6e f2c14a ea6f55 cf3b69", "joyful energetic forest"),
    _palette("copacabana", "f9f1e2", "0c3c4a 1a768a f0a05c e96554 f3d28a", "joyful warm ocean"),
    # earth and harvest
    _palette("autumn", "f4e8d3", "4a2318 8f3b1e c9662b e0a43c 6f7340", "autumnal warm melancholic"),
    _palette("harvest", "f7ecd7", "5b2e22 a5472f d98a3d e9c46a 8a9a5b", "autumnal warm joyful"),
    _palette("desert", "f6e7d4", "7a3b2e c0653f e09f6c f0c9a0 5d7f86", "desert warm calm"),
    _palette("clay", "f4e9de", "2f3e3c 8c3f2b c4694a e3a587 5a6b5d", "desert warm minimal"),
    _palette("dusk", "f6e3d6", "2b2150 6b3a7d c85a80 f09a7c f8d2a4", "sunset dreamy warm melancholic"),
    _palette("moss", "efeee6", "2e3a2f 5e6f4e 94a07a c8c9ae a5674a", "forest calm melancholic"),
    _palette("amazonia", "eef0e0", "12372a 2f6b4a 6c9a5b b8c77a d99a4e", "forest joyful"),
    # water and air
    _palette("azulejo", "f5f2e9", "14305e 2559a0 5b93cc a9cbe6 e0b354", "ocean cold retro"),
    _palette("atlantic", "ebf1ef", "0c2d48 145374 2f88ba 7fc8d8 f0e0c4", "ocean calm cold"),
    _palette("lagoon", "f1f5ec", "0f4c5c 1f8a8a 5cc2b0 b5e2cd f2b880", "ocean joyful calm"),
    _palette("mint", "f0f6f0", "1f4d46 3f8f7b 85c9ae c5e8d2 f0a88f", "calm joyful pastel"),
    _palette("ice", "f0f5f7", "16324f 3c6e9c 7fb2d6 bfdfec e6c8d7", "cold dreamy pastel"),
    _palette("mist", "eef0ee", "4b5a63 7f929b aebcc1 d2d9d8 c9a58a", "calm minimal cold melancholic"),
    _palette("rain", "e4e8ea", "1f2d3a 3d5468 6d8799 a6b6bf d6a96b", "melancholic cold"),
    _palette("nordic", "f4f3ee", "1e2a35 4a6572 9fb4b8 d8cfc0 c8553d", "minimal cold"),
    # flowers
    _palette("rosewood", "f8eeea", "6d3a4c b4637a e29aa3 f3c9c4 8fa6b8", "dreamy calm romantic pastel"),
    _palette("peony", "fcefec", "5a1f3d b23a6a e2739a f2b3b7 efd27c", "romantic joyful"),
    _palette("lavender", "f4f0f6", "3d2c5e 6f5a9c a48fcb d3c1e5 eeb8a2", "dreamy calm pastel romantic"),
    # ink
    _palette("sumi", "f5f1e8", "18181b 4b4b4d 8c8a86 c4c0b8 b8372d", "minimal calm monochrome"),
    _palette("noir", "141417", "2f3036 6b6d75 b9b8b4 ebe6da c4403a", "dark minimal monochrome elegant"),
    # night
    _palette("abyss", "07182b", "0e3d5e 14698a 24a3a6 7fd9c2 f0f2d8", "dark ocean cold"),
    _palette("aurora", "0c1126", "20305f 2c7092 44c09a a8e6a2 bf7dde", "dark dreamy cold cosmic"),
    _palette("nebula", "130c25", "3d1f64 7a3090 c6467f f08c6e f8d29c", "dark dreamy cosmic electric"),
    _palette("neon", "0c0c1a", "ec3a88 7a3cec 2fcfe8 f0e85a 38e09a", "electric dark chaotic energetic"),
    _palette("ember", "1b0e0d", "5c1d18 a63522 dc632f f0a44c f6dea6", "dark warm energetic"),
    _palette("gala", "0f1628", "20335a 3d6196 c6a150 ecd9a2 8e4145", "dark elegant cosmic"),
)
"""All palettes; every mood below has at least one that suits it."""

MOODS: tuple[Mood, ...] = (
    _mood(
        "calm",
        "calm* seren* tranquil* peace* paz pacific* quiet* silen* gentle gently suave suaves suavidade soft softly zen"
        " relax* medita*",
        (-0.22, -0.25, -0.32),
        "gradient waves contours",
    ),
    _mood(
        "energetic",
        "energ* dynamic* dinamic* vibrant* vivid* vivo viva vivos vivas lively bold* intens* power* forca",
        (0.18, 0.28, 0.28),
        "flow bauhaus rings stripes",
    ),
    _mood(
        "melancholic",
        "melanc* sad sadness sadly triste* nostalg* saudade* saudos* lonely solit* solidao sorrow* grief luto",
        (-0.12, -0.18, -0.12),
        "waves gradient contours",
    ),
    _mood(
        "joyful",
        "joy* happy happi* alegr* feliz felic* cheer* play* ludic* fun festiv* festa party carnival* carnaval*",
        (0.12, 0.18, 0.12),
        "bauhaus terrazzo rings",
    ),
    _mood(
        "chaotic",
        "chao* caot* caos wild* selvag* turbul* storm* tempest* frantic* explo* crazy louc* messy disorder*",
        (0.35, 0.2, 0.45),
        "flow stripes",
    ),
    _mood(
        "minimal",
        "minimal* simple* simplic* clean limpo limpa sparse empty vazio vazia bare essential essencia* few poucos",
        (-0.38, 0.0, -0.1),
        "bauhaus gradient",
    ),
    _mood("warm", "warm* quente* calor* heat* hot sunny ensolar* summer* verao cozy cosy aconcheg* fire fogo flame*"),
    _mood(
        "cold",
        "cold* frio fria frios frias gelad* gelo ice icy froz* winter* invern* cool* snow* neve artic* arctic*",
    ),
    _mood(
        "dreamy",
        "dream* sonh* ether* etere* surreal* fantas* magic* magia mist misty mystic* mistic* nevoa fog foggy haze hazy",
        (-0.08, -0.15, 0.08),
        "gradient contours waves",
    ),
    _mood(
        "dark",
        "dark* escur* sombri* night* noite* noturn* nocturn* midnight gotic* gothic* shadow* sombra*",
        (0.0, 0.1, 0.0),
        dark=True,
    ),
    _mood("pastel", "pastel pasteis pale palid* light lightly clar* delicad* delicate", (-0.05, -0.25, -0.05)),
    _mood(
        "electric",
        "electri* eletri* neon* cyber* laser* glow* synth* futur* techno* digital* psychedel* psicodel*",
        (0.2, 0.3, 0.25),
        "flow stripes gradient",
        dark=True,
    ),
    _mood("autumnal", "autumn* outon* harvest* colheita leaves folhas foliage november novembro october outubro"),
    _mood(
        "ocean",
        "ocean* sea seas mar mares marine maritim* beach* praia* coast* costa water* agua* lagoon lagoa",
        styles="waves contours flow",
    ),
    _mood(
        "forest",
        "forest* florest* jungle* selva nature natur* leaf folha plant* garden* jardi* amazon* wood woods",
        styles="flow contours",
    ),
    _mood(
        "desert",
        "desert* sand sands areia* dune* duna* sahara saara sertao canyon*",
        styles="waves contours",
    ),
    _mood(
        "sunset",
        "sunset* dusk crepusc* twilight sunrise amanhec* entardec* dawn poente nascente sun sol",
        styles="waves gradient",
    ),
    _mood(
        "cosmic",
        "space espac* cosm* galax* star stars starry estrel* nebul* univers* planet* astro* moon lua luas",
        styles="constellations gradient",
        dark=True,
    ),
    _mood(
        "romantic",
        "love* amor* romant* heart* corac* flower* flor flores bloom* petal*",
        styles="gradient flow",
    ),
    _mood(
        "elegant",
        "elegan* luxu* luxo noble nobre refined refinad* sofistic* sophistic* deco",
        (-0.1, 0.1, 0.0),
        "rings constellations",
    ),
    _mood(
        "retro",
        "retro vintage midcentury modernis* seventies sixties anos",
        (0.0, 0.05, 0.0),
        "rings bauhaus stripes",
    ),
    _mood("monochrome", "monochrom* monocrom* grayscale greyscale ink nanquim sumi", (0.0, 0.1, 0.0)),
)
"""All moods, in the order in which the first one met decides what is left open."""


def read_moods(words: Iterable[str]) -> tuple[Mood, ...]:
    """Returns the moods that these folded words speak of, in the order of `MOODS`."""
    said = tuple(words)
    return tuple(mood for mood in MOODS if mood.meets(said))
