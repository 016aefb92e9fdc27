"""Decides what goes where, and has it painted back to front."""

from __future__ import annotations

from collections.abc import Callable

from . import places
from .canvas import Canvas
from .placing import LAND, Slots, fly
from .reading import Scene, Thing
from .sky import paint_sky
from .vessels import FLYING
from .weather import paint_sky_lights, paint_weather

Step = Callable[[float], None]

WATER = frozenset({"sea", "coast", "beach", "island", "lake"})

HOMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("space", ("rocket", "planet")),
    ("coast", ("lighthouse",)),
    ("sea", ("boat", "sailboat", "ship", "fish")),
    ("desert", ("cactus", "pyramid")),
    ("beach", ("palm", "umbrella")),
    ("river", ("bridge",)),
    ("meadow", ("windmill", "sheep", "horse", "flower", "balloon", "kite", "mushroom", "person", "dog", "cat")),
    ("mountains", ("cabin", "deer", "pine", "tent", "castle", "train", "tower")),
    ("village", ("church",)),
    ("hills", ("house", "tree", "fence", "path", "lantern")),
)
"""Where things are at home, if the prompt names no place."""


def compose(canvas: Canvas, step: Step) -> None:
    """Paints the whole scene onto the canvas."""
    scene, dice = canvas.scene, canvas.dice("layout")
    wanted = places_of(canvas)
    low, high = (0.42, 0.66) if WATER & wanted else (0.42, 0.58)
    if "space" in wanted:
        low, high = 0.74, 0.84
    third = (high - low) / 3
    low += third * (canvas.variant % 3)
    canvas.horizon = float(round(canvas.height * dice.between(low, low + third)))
    aside = dice.pick((0.2, 0.26, 0.32, 0.36))
    side = aside if canvas.variant % 2 else 1.0 - aside
    canvas.focus = canvas.width * (1.0 - side + dice.between(-0.06, 0.06))
    low, high = canvas.palette.altitude
    if not WATER & wanted and high < 0.3:
        low, high = low + 0.16, high + 0.2  # behind hills it would be hidden
    canvas.sun = canvas.width * side, canvas.horizon * (1.0 - dice.between(low, high))
    paint_sky(canvas)
    step(0.2)
    paint_sky_lights(canvas)
    if "space" in wanted:
        places.paint_space(canvas)
    places.paint_backdrop(canvas, wanted)
    step(0.4)
    airborne = [thing for thing in scene.things if thing.name in FLYING or thing.name == "bird"]
    if (
        WATER & wanted
        and not {"bird"} & scene.absent
        and not airborne
        and dice.chance(0.5)
        and canvas.palette.lamps < 0.9
    ):
        airborne = [Thing(name="bird", count=dice.whole(3, 6))]
    for thing in airborne:
        fly(canvas, thing, hero=thing is _hero(scene))
    step(0.45)
    slots = Slots()
    if "city" in wanted and not WATER & wanted and "river" not in wanted:
        places.paint_city(canvas, slots)
    elif WATER & wanted:
        places.paint_shores(canvas, wanted, slots)
    else:
        places.paint_country(canvas, wanted, slots)
    step(0.65)
    paint_weather(canvas)
    step(0.75)


def _hero(scene: Scene) -> object:
    return scene.things[0] if scene.things else None


def places_of(canvas: Canvas) -> frozenset[str]:
    """Returns the places to paint: the prompt's, or where its things are at home, or any."""
    scene = canvas.scene
    if scene.places:
        wanted = set(scene.places)
        if scene.thing("boat", "sailboat", "ship", "fish") and not wanted & (WATER | {"river", "space"}):
            wanted.add("lake" if wanted & {"mountains", "forest", "hills", "meadow", "village"} else "sea")
        return frozenset(wanted)
    wanted = {place for place, things in HOMES if scene.thing(*things)}
    if wanted & WATER and wanted - WATER:
        wanted -= {"hills", "meadow", "mountains"} - ({"mountains"} if scene.thing("cabin", "castle") else set())
    if "village" in wanted:
        wanted.discard("hills")
    if not wanted:
        if "aurora" in scene.weather or scene.weather & {"snow"}:
            wanted = {"mountains", "lake"} if canvas.dice("place").chance(0.6) else {"forest", "mountains"}
        else:
            choices = (
                {"coast"}, {"mountains", "lake"}, {"hills"}, {"forest", "mountains"}, {"sea"}, {"river"}, {"desert"},
                {"meadow", "mountains"},
            )  # fmt: skip
            wanted = set(choices[canvas.seed % len(choices)])
    return frozenset(wanted - scene.absent) or frozenset({"hills"})


def is_land(name: str) -> bool:
    """Returns whether a thing stands on land."""
    return name in LAND
