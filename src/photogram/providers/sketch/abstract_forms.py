"""The forms an abstract picture can take, and the words that ask for them; standard library only, for the card."""

from __future__ import annotations

from .colours import word_set

FORMS: dict[str, frozenset[str]] = {
    "flow": word_set(
        "flow flows flowing fluxo fluxos fluido fluida fluid strands fios hair wind vento ventos current currents"
        " corrente correntes smoke fumaca swirl swirls swirling redemoinho espiral espirais spiral spirals vortex"
    ),
    "gradient": word_set(
        "gradient gradients gradiente gradientes degrade blur blurred mesh aurora glow glowing silk seda veil veu orb"
        " esfera sphere light luz lights luzes haze"
    ),
    "bauhaus": word_set(
        "bauhaus geometric geometrico geometrica geometria geometry geometricos geometricas triangle triangles"
        " triangulo triangulos square squares quadrado quadrados semicircle semicircles constructivist suprematist"
        " kandinsky grid grade blocks blocos circle circles circulo circulos shapes formas cubist"
    ),
    "waves": word_set("wave waves wavy onda ondas ondulado ondulada tide tides mare mares swell hills colinas"),
    "rings": word_set(
        "ring rings anel aneis disc discs disk disks disco discos concentric concentrico concentricos target targets"
        " alvo alvos vinyl vinil orbit orbits orbita orbitas"
    ),
    "terrazzo": word_set(
        "terrazzo granilite confetti confete confetes chips pebbles pedras seixos mosaic mosaico shards cacos"
        " fragments fragmentos paper cutouts recortes"
    ),
    "contours": word_set(
        "contour contours contorno contornos topography topographic topografia topografico topografica relief relevo"
        " terrain terreno layers camadas strata map mapa"
    ),
    "constellations": word_set(
        "constellation constellations constelacao constelacoes stars star estrela estrelas starry network rede graph"
        " nodes points pontos galaxy galaxia"
    ),
    "stripes": word_set(
        "stripe stripes striped stripey listra listras listrado listrada faixa faixas lines linhas bars barras pleats"
        " pregas fabric tecido ribbon ribbons fita fitas curtain cortina"
    ),
}
"""The forms there are, each with the folded words that ask for it."""

ABSTRACT_STYLES: tuple[str, ...] = ("auto", *FORMS)
"""What the card offers as `style`; "auto" goes by the prompt's words, else by its moods and seed."""
