"""The places: what lies at the back, along the water, and on land."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .city import paint_bridge, paint_skyline
from .ground import GRASS, ROCK, SAND, Look, paint_headland, paint_hill, paint_mesas, paint_range, paint_sand, sea_mist
from .palettes import mix
from .placing import LAND, NEAR, Ground, Slots, drift_on, float_on, scatter, stand
from .planets import paint_nebula, paint_planets
from .reading import Thing
from .river import paint_path, paint_river
from .water import paint_water

Places = frozenset[str]


def land_things(canvas: Canvas) -> list[Thing]:
    """Returns what stands on land, in the prompt's order."""
    return [thing for thing in canvas.scene.things if thing.name in LAND]


def paint_backdrop(canvas: Canvas, wanted: Places) -> None:
    """Paints what stands on the horizon."""
    dice = canvas.dice("backdrop")
    unit, horizon = canvas.unit, canvas.horizon
    if "mountains" in wanted or ("lake" in wanted and not wanted & {"city", "forest", "desert"}):
        tall = dice.between(0.30, 0.40)
        snow = 0.75 if canvas.season == "winter" else dice.between(0.30, 0.55)
        rock = canvas.scene.colour_of("mountains") or dice.pick(
            (ROCK, (122, 126, 140), (146, 128, 122), (110, 122, 128))
        )
        for index, depth in enumerate((0.66, 0.40, 0.18)):
            height = unit * tall * (1.0, 0.74, 0.42)[index]
            tone = mix(rock, (82, 104, 84), 0.0 if index < 2 else 0.55)
            look = Look(depth=depth, rock=tone, snow=(snow, snow * 0.7, 0.0)[index])
            paint_range(canvas, str(index), base=horizon + unit * 0.01, height=height, look=look)
    elif "desert" in wanted:
        paint_mesas(canvas, horizon)
    elif ("sea" in wanted and dice.chance(0.55)) or "island" in wanted:
        for index in range(dice.whole(1, 2)):
            look = Look(depth=0.62 - 0.2 * index, rock=(98, 112, 104), snow=0.0)
            paint_headland(canvas, f"islet{index}", foot=horizon, height=unit * dice.between(0.035, 0.09), look=look,
                           middle=dice.between(0.1, 0.9), half=dice.between(0.10, 0.24))  # fmt: skip
    if "city" in wanted:
        paint_skyline(canvas, horizon + unit * 0.004, rows=3)


def paint_shores(canvas: Canvas, wanted: Places, slots: Slots) -> None:
    """Paints water to the horizon, the land around it, and what is on both."""
    scene, dice, unit = canvas.scene, canvas.dice("shores"), canvas.unit
    horizon = canvas.horizon
    things = land_things(canvas)
    small = [thing for thing in things if thing.name in NEAR or thing.name == "palm"]
    large = [thing for thing in things if thing not in small]
    lake = "lake" in wanted
    ground = None
    if lake:
        ground = _far_bank(canvas, wanted)
    elif (large or "coast" in wanted or "island" in wanted) and ("city" not in wanted or large):
        height = unit * (dice.between(0.10, 0.17) if "coast" in wanted else dice.between(0.06, 0.11))
        look = Look(depth=0.16, rock=(150, 128, 112), snow=0.0)
        at = canvas.focus / canvas.width
        kind = canvas.variant // 2 % 3
        islet = "island" in wanted or kind == 1
        middle = at if islet else (1.08 if at > 0.5 else -0.08)
        half = dice.between(0.19, 0.30) if islet else abs(middle - at) + dice.between(0.12, 0.26)
        height *= (1.0, 0.75, 1.55)[kind]
        ground = paint_headland(
            canvas, "headland", foot=horizon + unit * 0.012, height=height, look=look, middle=middle, half=half
        )
    if ground:
        for index, thing in enumerate(large):
            stand(canvas, ground, thing, slots, hero=index == 0)
    sea_mist(canvas, horizon, 0.45 if lake else 0.35)
    calm = 0.75 if lake else 0.45
    calm += 0.2 * ("calm" in scene.moods) - 0.3 * bool(scene.weather & {"storm", "wind"})
    colour = scene.colour_of("sea") or scene.colour_of("lake") or scene.colour_of("coast")
    paint_water(canvas, horizon + (unit * 0.012 if ground else 0), calm=calm, colour=colour)
    afloat = [thing for thing in scene.things if thing.name in ("boat", "sailboat", "ship", "fish")]
    water_slots = Slots(list(slots.taken[:1]))
    if scene.thing("bridge"):
        bridge = scene.thing("bridge")
        paint_bridge(canvas, horizon - unit * 0.09, horizon + unit * 0.06, bridge.colour if bridge else None)
    for index, thing in enumerate(afloat):
        float_on(canvas, thing, water_slots, horizon, hero=index == 0 and not large)
    _near_shore(canvas, wanted, small, slots)


def _far_bank(canvas: Canvas, wanted: Places) -> Ground:
    unit, horizon = canvas.unit, canvas.horizon
    look = Look(depth=0.3, rock=(84, 112, 84), snow=0.0)
    crest = paint_hill(
        canvas, "bank", base=horizon + unit * 0.012, height=unit * 0.03, look=look, colours=GRASS[canvas.season]
    )
    crest = np.minimum(crest, horizon)
    ground = Ground(crest=crest, depth=0.26, scale=0.8, left=0, right=canvas.width, fall=0.006)
    plant = _plant(canvas, wanted)
    if plant:
        back = Ground(crest=crest, depth=0.34, scale=0.30, left=0, right=canvas.width)
        scatter(canvas, back, plant, int(70 * canvas.width / unit), share=1.0)
    return ground


def _plant(canvas: Canvas, wanted: Places) -> str | None:
    """Returns what grows unasked here, or None where trees were counted or forbidden."""
    scene = canvas.scene
    named = [thing for thing in scene.things if thing.name in ("tree", "pine", "palm")]
    if any(thing.count for thing in named) or {"tree", "forest"} & scene.absent:
        return None
    if named:
        return named[0].name
    if "pine" in scene.absent:
        return "tree"
    alpine = bool(wanted & {"mountains", "lake"}) or canvas.season == "winter"
    if canvas.season in ("autumn", "spring"):
        return "tree"
    return "pine" if alpine or canvas.dice("plant").chance(0.5 if "forest" in wanted else 0.3) else "tree"


def _near_shore(canvas: Canvas, wanted: Places, small: list[Thing], slots: Slots) -> None:
    """Paints the ground we stand on, if we stand on any."""
    dice, unit = canvas.dice("near shore"), canvas.unit
    beach = bool(wanted & {"beach"}) or bool(canvas.scene.thing("palm", "umbrella"))
    if not (small or beach or ("lake" in wanted) or ("coast" in wanted and dice.chance(0.5))):
        return
    way = 1 if canvas.focus > canvas.width / 2 else -1
    if beach:
        ground = paint_sand(canvas, way)
    else:
        columns = (np.arange(canvas.width) + 0.5) / canvas.width
        slope = columns if way > 0 else 1.0 - columns
        tilt = (slope * slope) * unit * dice.between(0.05, 0.12)
        look = Look(depth=0.0, rock=ROCK, snow=0.0)
        crest = paint_hill(canvas, "near", base=canvas.height - unit * 0.02, height=unit * 0.09, look=look,
                           colours=GRASS[canvas.season], tilt=tilt, dark=0.25)  # fmt: skip
        ground = Ground(crest=crest, depth=0.0, scale=1.0, left=0, right=canvas.width, fall=0.03)
        if "reeds" not in canvas.scene.absent:
            scatter(canvas, ground, "reeds", int(46 * canvas.width / unit), share=0.8, fall=0.05)
        plant = _plant(canvas, wanted)
        if plant and dice.chance(0.75):
            edge = 0.0 if canvas.focus > canvas.width / 2 else canvas.width - unit * 0.24
            frame = Ground(crest=crest, depth=0.0, scale=1.9, left=edge, right=edge + unit * 0.24)
            scatter(canvas, frame, plant, 3)
    close = Slots()
    for index, thing in enumerate(small):
        stand(canvas, ground, thing, close, hero=index == 0)


def paint_city(canvas: Canvas, slots: Slots) -> None:
    """Paints what lies before a skyline: a river that mirrors it, or a park."""
    dice, unit = canvas.dice("city"), canvas.unit
    things = land_things(canvas)
    paint_water(canvas, canvas.horizon, calm=0.6)
    bridge = canvas.scene.thing("bridge")
    if bridge or (dice.chance(0.3) and "bridge" not in canvas.scene.absent):
        paint_bridge(
            canvas, canvas.horizon - unit * 0.02, canvas.horizon + unit * 0.07, bridge.colour if bridge else None
        )
    if things or dice.chance(0.4):
        look = Look(depth=0.0, rock=ROCK, snow=0.0)
        crest = paint_hill(canvas, "park", base=canvas.height - unit * 0.04, height=unit * 0.05, look=look,
                           colours=GRASS[canvas.season], dark=0.3)  # fmt: skip
        ground = Ground(crest=crest, depth=0.02, scale=0.9, left=0, right=canvas.width, fall=0.02)
        plant = _plant(canvas, frozenset({"city"}))
        if plant:
            scatter(canvas, ground, plant, int(9 * canvas.width / unit), share=0.9, fall=0.01)
        for index, thing in enumerate(things):
            stand(canvas, ground, thing, slots, hero=index == 0)


def paint_country(canvas: Canvas, wanted: Places, slots: Slots) -> None:
    """Paints land from the horizon to our feet, and what stands on it."""
    dice, unit, scene = canvas.dice("country"), canvas.unit, canvas.scene
    desert, forest = "desert" in wanted, "forest" in wanted
    things = land_things(canvas)
    river = "river" in wanted
    plant = None if desert or "space" in wanted else _plant(canvas, wanted)
    colours = _soil(canvas, wanted)
    room = canvas.height - canvas.horizon
    layers = 4 if forest else 3
    crest = np.full(canvas.width, canvas.horizon)
    for index in range(layers):
        share = index / (layers - 1)
        depth = (0.55 - 0.53 * share) * (1.0 if not forest else 1.2)
        base = canvas.horizon + room * (0.05 + 0.62 * share * share * (0.6 if river else 1.0)) + unit * 0.05
        look = Look(depth=depth, rock=ROCK, snow=0.0)
        rise = unit * dice.between(0.10, 0.18) * (1.0 if index or desert or "mountains" in wanted else 1.35)
        crest = paint_hill(
            canvas,
            f"land{index}",
            base=base,
            height=rise,
            look=look,
            colours=colours,
            waves=dice.between(0.7, 1.3),
            dark=0.16 * share * share,
            dunes=desert,
            furrows=index > 0 and bool(wanted & {"hills", "meadow", "village"}),
        )
        scale = 0.42 + 0.6 * share
        ground = Ground(crest=crest, depth=depth, scale=scale, left=0, right=canvas.width, fall=0.02 + 0.04 * share)
        if plant:
            number = (110 if forest else 34) * (1.0 - 0.62 * share)
            clear = forest or index < layers - 1
            if clear:
                scatter(canvas, ground, plant, int(number * canvas.width / unit), share=1.0 if forest else 0.85,
                        fall=0.02 if forest else 0.06)  # fmt: skip
        if forest and index < layers - 1 and not canvas.flat:
            sea_mist(canvas, float(crest.max()) + unit * 0.05, 0.5)
        if index == layers - 2:
            _on_middle(canvas, ground, [thing for thing in things if thing.name not in NEAR], slots, wanted)
    if river:
        course = paint_river(canvas, canvas.horizon + room * 0.22)
        for thing in (thing for thing in scene.things if thing.name in ("boat", "sailboat", "ship")):
            drift_on(canvas, thing, course)
    elif scene.thing("path") or (
        not desert and "space" not in wanted and dice.chance(0.4) and "path" not in scene.absent
    ):
        paint_path(canvas, crest)
    bridge = scene.thing("bridge")
    if bridge:
        paint_bridge(canvas, canvas.horizon + room * 0.22, canvas.horizon + room * 0.5, bridge.colour)
    near = Ground(
        crest=np.maximum(crest, canvas.height * 0.80), depth=0.0, scale=1.15, left=0, right=canvas.width, fall=0.10
    )
    _dress(canvas, wanted, near, plant)
    close = Slots()
    for index, thing in enumerate(thing for thing in things if thing.name in NEAR):
        stand(canvas, near, thing, close, hero=index == 0 and thing is things[0])


def _on_middle(canvas: Canvas, ground: Ground, things: list[Thing], slots: Slots, wanted: Places) -> None:
    """Stands buildings and trees on the middle ground; a village gets its houses."""
    for index, thing in enumerate(things):
        stand(canvas, ground, thing, slots, hero=index == 0)
    if "village" in wanted:
        named = {thing.name for thing in things} | canvas.scene.absent
        if "church" not in named:
            stand(canvas, ground, Thing(name="church"), slots, hero=True)
        if "house" not in named:
            stand(canvas, ground, Thing(name="house", count=canvas.dice("village").whole(7, 10)), slots, hero=False)


def _dress(canvas: Canvas, wanted: Places, near: Ground, plant: str | None) -> None:
    """Dresses the foreground: a frame of trees, grass, wild flowers, a cactus."""
    dice, unit, scene = canvas.dice("dress"), canvas.unit, canvas.scene
    if "space" in wanted:
        return
    if "desert" in wanted:
        if not scene.thing("cactus") and "cactus" not in scene.absent:
            stand(canvas, near, Thing(name="cactus", count=dice.whole(2, 4)), Slots(), hero=False)
        return
    if "meadow" in wanted and not scene.thing("flower") and "flower" not in scene.absent and canvas.season != "winter":
        stand(canvas, near, Thing(name="flower", count=dice.whole(30, 46)), Slots(), hero=False)
    if plant and dice.chance(0.7) and (wanted & {"forest", "mountains", "hills", "river", "meadow"}):
        start = -0.06 * unit if canvas.focus > canvas.width / 2 else canvas.width - unit * 0.16
        frame = Ground(crest=near.crest + unit * 0.06, depth=0.0, scale=2.1, left=start, right=start + unit * 0.22)
        scatter(canvas, frame, plant, 2 if plant == "tree" else 3)
    if "reeds" not in scene.absent and canvas.season != "winter":
        edge_row = np.full(canvas.width, canvas.height - unit * 0.03)
        edge = Ground(crest=edge_row, depth=0.0, scale=1.0, left=0, right=canvas.width)
        scatter(canvas, edge, "reeds", int(26 * canvas.width / unit), share=0.75, fall=0.05)


def _soil(canvas: Canvas, wanted: Places) -> tuple[tuple[int, int, int], ...]:
    if "space" in wanted:
        rust = canvas.scene.colour_of("space") or canvas.dice("soil").pick(
            ((150, 84, 74), (96, 92, 130), (128, 110, 104))
        )
        return mix(rust, (0, 0, 0), 0.35), rust, mix(rust, (255, 240, 220), 0.35)
    if "desert" in wanted:
        return SAND
    for place in ("meadow", "hills", "forest", "village", "river"):
        colour = canvas.scene.colour_of(place)
        if colour:
            return mix(colour, (20, 30, 40), 0.3), colour, mix(colour, (255, 250, 230), 0.3)
    return GRASS[canvas.season]


def paint_space(canvas: Canvas) -> None:
    """Paints what hangs in the sky of another world."""
    paint_nebula(canvas)
    paint_planets(canvas)
