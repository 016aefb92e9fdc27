"""Finds a spot for every thing: on land, on water, in the air; never twice in the same place."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import buildings, creatures, trees, vessels
from .canvas import Canvas, Dice
from .noise import Field
from .reading import Thing
from .spot import Figure, Spot, draw_figure
from .water import mirror_drawing

LAND: dict[str, Figure] = {**trees.FIGURES, **buildings.FIGURES, **creatures.FIGURES, **vessels.RIDING}
"""What stands on land."""

NEAR = frozenset(
    {
        "flower",
        "mushroom",
        "reeds",
        "cat",
        "dog",
        "person",
        "sheep",
        "horse",
        "deer",
        "tent",
        "fence",
        "lantern",
        "cactus",
        "umbrella",
        "rock",
    }
)
"""What is small, and so stands near us."""

PLANTS = frozenset({"tree", "pine", "palm", "flower", "reeds", "cactus", "mushroom"})
"""What grows; it also grows unasked."""


@dataclass(slots=True, kw_only=True)
class Ground:
    """A stretch of land to stand on.

    Attributes:
        crest: Its upper edge: row of every column.
        depth: 0 near, 1 lost in the haze.
        scale: Size of things there; 1 is usual.
        left, right: Where one can stand, in columns.
        fall: How far below the crest things may stand, in units.
    """

    crest: Field
    depth: float
    scale: float
    left: float
    right: float
    fall: float = 0.015


@dataclass(slots=True)
class Slots:
    """Remembers what is taken, as columns."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def find(self, dice: Dice, half: float, low: float, high: float, wish: float | None = None) -> float:
        """Returns a free column within low–high for something `half` wide to either side, near `wish` if it can be."""
        low, high = (low + half, high - half) if high - low > 2 * half else ((low + high) / 2, (low + high) / 2)
        best, least = (low + high) / 2, float("inf")
        for attempt in range(14):
            x = min(high, max(low, wish)) if wish is not None and attempt == 0 else dice.between(low, high)
            overlap = sum(max(0.0, min(x + half, right) - max(x - half, left)) for left, right in self.taken)
            cost = overlap * 10 + (abs(x - wish) * 0.15 if wish is not None else 0.0)
            if cost < least:
                best, least = x, cost
        self.taken.append((best - half, best + half))
        return best


def count_of(thing: Thing, figure: Figure) -> int:
    """Returns how many of a thing to draw."""
    if thing.count is not None:
        return thing.count
    return figure.many if thing.plural else 1


def spot_for(canvas: Canvas, dice: Dice, thing: Thing, place: tuple[float, float, float], depth: float) -> Spot:
    """Returns the spot of a thing at (column, row, size)."""
    x, y, size = place
    return Spot(
        x=x, y=y, size=size, depth=depth, side=1 if canvas.sun[0] > x else -1, facing=dice.sign(), dice=dice,
        palette=canvas.palette, colour=thing.colour, season=canvas.season,
    )  # fmt: skip


def stand(canvas: Canvas, ground: Ground, thing: Thing, slots: Slots, *, hero: bool) -> None:
    """Draws all of one kind of thing on a stretch of land, the farthest first."""
    figure = LAND[thing.name]
    number = count_of(thing, figure)
    places = []
    for index in range(number):
        dice = canvas.dice("stand", thing.name, index)
        shrink = 1.0 if number == 1 else dice.between(0.72, 1.0) * max(0.45, 1.0 - 0.035 * number)
        if thing.name == "flower":
            shrink = dice.between(0.6, 1.1)
        size = figure.size * canvas.unit * ground.scale * shrink
        if hero and number == 1:
            size *= 1.1 if figure.size > 0.15 else 1.5
        size = min(
            size,
            canvas.width * 0.42 / figure.across,
            (float(ground.crest.min()) - canvas.height * 0.075) / figure.above,
        )
        half = figure.across * size * (0.85 if number < 8 else 0.3)
        wish = canvas.focus if index == 0 and (hero or thing.name not in PLANTS) else None
        x = slots.find(dice, half, ground.left, ground.right, wish)
        column = min(canvas.width - 1, max(0, int(x)))
        low = max(ground.crest[max(0, int(x - half * 0.5)) : int(x + half * 0.5) + 1], default=ground.crest[column])
        fall = dice.between(0.15, 1.0) * ground.fall * canvas.unit
        if thing.name in ("flower", "sheep", "cactus", "mushroom", "reeds"):
            fall = dice.between(0.0, 1.0) ** 2 * max(ground.fall, 0.30) * canvas.unit * ground.scale
            size *= 1.0 + 0.9 * fall / canvas.unit
        places.append((float(low) + fall, x, size, dice))
    for y, x, size, dice in sorted(places, key=lambda place: place[0]):
        draw_figure(
            canvas, figure, spot_for(canvas, dice, thing, (x, min(y, canvas.height * 0.985), size), ground.depth)
        )


def scatter(canvas: Canvas, ground: Ground, name: str, number: int, *, share: float = 1.0, fall: float = 0.0) -> None:
    """Lets plants grow unasked along a stretch of land; drawn in one go, so hundreds are cheap."""
    figure = LAND[name]
    dice = canvas.dice("scatter", name, ground.depth)
    tallest = figure.size * canvas.unit * ground.scale * share
    left, right = int(max(0, ground.left)), int(min(canvas.width, ground.right))
    if right - left < 2:
        return
    line = ground.crest[left:right]
    reach = fall * canvas.unit
    box = (
        left - tallest,
        float(line.min()) - tallest * 1.3,
        right + tallest,
        float(line.max()) + reach + tallest * 0.1 + 4,
    )
    brush = canvas.brush(box, 2)
    clumps = [dice.between(left, right) for _ in range(max(2, number // 6))]
    places = []
    for index in range(number):
        x = (
            dice.pick(clumps) + dice.between(-0.09, 0.09) * canvas.unit
            if dice.chance(0.6)
            else dice.between(left, right)
        )
        column = min(canvas.width - 1, max(0, int(x)))
        if left <= x <= right:
            places.append(
                (float(ground.crest[column]) + dice.between(0.0, 1.0) * reach + 0.006 * canvas.unit, x, index)
            )
    for y, x, index in sorted(places):
        own = canvas.dice("scattered", name, ground.depth, index)
        size = tallest * own.between(0.6, 1.0)
        figure.draw(brush, spot_for(canvas, own, Thing(name=name), (x, y, size), ground.depth))
    canvas.lay(brush)


def float_on(canvas: Canvas, thing: Thing, slots: Slots, shore: float, *, hero: bool) -> None:
    """Draws boats, or fish that leap, on the water below the row `shore`."""
    figure = vessels.FLOATING.get(thing.name, creatures.FISH)
    number = count_of(thing, figure)
    water = canvas.height - shore
    places = []
    for index in range(number):
        dice = canvas.dice("float", thing.name, index)
        away = dice.between(0.30, 0.5) if index == 0 else 0.06 + 0.5 * (index - 0.5 * dice.between(0, 1)) / number
        size = figure.size * canvas.unit * (0.30 + 1.6 * away) * (1.25 if hero and number == 1 else 1.0)
        size = min(size, canvas.width * 0.5 / figure.across)
        wish = canvas.focus if index == 0 else None
        x = slots.find(dice, figure.across * size * 0.9, canvas.width * 0.04, canvas.width * 0.96, wish)
        places.append((shore + away * water * 0.82, x, size, dice, away))
    for y, x, size, dice, away in sorted(places, key=lambda place: place[0]):
        _afloat(canvas, figure, spot_for(canvas, dice, thing, (x, y, size), 0.35 * (1.0 - away)))


def drift_on(canvas: Canvas, thing: Thing, course: tuple[Field, Field]) -> None:
    """Draws boats on a river, given its middle and half width for every row from its start to the bottom."""
    figure = vessels.FLOATING[thing.name]
    middle, half = course
    number = count_of(thing, figure)
    for index in range(number):
        dice = canvas.dice("drift", thing.name, index)
        share = 0.50 + 0.38 * (index + 0.5) / number
        row = int(share * (len(middle) - 1))
        size = min(figure.size * canvas.unit * (0.35 + 0.8 * share), float(half[row]) * 0.85 / figure.across)
        y = canvas.height - len(middle) + row
        _afloat(canvas, figure, spot_for(canvas, dice, thing, (float(middle[row]), y, size), 0.1))


def _afloat(canvas: Canvas, figure: Figure, spot: Spot) -> None:
    """Draws something on water, over its own mirror image."""
    reach = figure.across * spot.size + 2
    top, bottom = spot.y - figure.above * spot.size - 2, spot.y + 0.06 * spot.size + 2
    brush = canvas.brush((spot.x - reach, top, spot.x + reach, bottom), 3)
    figure.draw(brush, spot)
    mirror_drawing(canvas, brush, spot.y, 0.5)
    canvas.lay(brush)


def fly(canvas: Canvas, thing: Thing, *, hero: bool) -> None:
    """Draws what hangs in the air: birds in a loose flock, balloons far apart."""
    figure = vessels.FLYING.get(thing.name, creatures.BIRD)
    number = count_of(thing, figure)
    flock = thing.name == "bird" and number > 2
    dice = canvas.dice("fly", thing.name)
    middle = canvas.width * dice.between(0.3, 0.7), canvas.horizon * dice.between(0.28, 0.62)
    slots = Slots()
    for index in range(number):
        own = canvas.dice("fly", thing.name, index)
        size = figure.size * canvas.unit * own.between(0.6, 1.15) * (0.92 if number > 3 else 1.0)
        if index == 0 and thing.name != "bird":
            size = figure.size * canvas.unit * (1.5 if hero and number == 1 else 1.3)
        elif thing.name == "balloon":
            size *= 0.7
        if flock:
            x = middle[0] + own.between(-0.3, 0.3) * canvas.unit
            y = middle[1] + own.between(-0.14, 0.14) * canvas.unit
        else:
            wish = canvas.focus if index == 0 and hero else None
            x = slots.find(own, figure.across * size * 1.2, canvas.width * 0.06, canvas.width * 0.94, wish)
            y = max(size * 1.1, canvas.horizon * own.between(0.28, 0.8))
            if index == 0 and thing.name != "bird":
                y = max(size * 1.1, canvas.horizon * own.between(0.5, 0.66))
        draw_figure(canvas, figure, spot_for(canvas, own, thing, (x, y, size), own.between(0.0, 0.18)))
