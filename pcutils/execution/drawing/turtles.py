"""Turtles, sprites and pianos as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from pcutils.execution.drawing.items import FRAME, address_of, image_svg
from pcutils.execution.drawing.marks import marks_svg, number, safe_color, surface_svg

TURTLE_COLOR = "#3c8a5a"
TURTLE_SHAPE = (
    "M0-13C3-13 4-10 3-7L7-9 9-5 6-3C7 1 6 4 5 6L8 9 5 11 2 9 0 12-2 9-5 11"
    "-8 9-5 6C-6 4-7 1-6-3L-9-5-7-9-3-7C-4-10-3-13 0-13Z"
)
# Colour and outline of what a turtle can wear instead of its shell; the pencil's tip is at its place.
SHAPES = {
    "pencil": ("dodgerblue", "M0 0L-3.5-6V-24H3.5V-6Z"),
    "pointer": ("gray", "M0-18L10 6L0 0L-10 6Z"),
    "dot": ("black", "M-6 0A6 6 0 0 1 6 0A6 6 0 0 1-6 0Z"),
    "point": ("black", "M-1.5 0A1.5 1.5 0 0 1 1.5 0A1.5 1.5 0 0 1-1.5 0Z"),
    "radius": ("gray", "M-9 0A9 9 0 0 1 9 0A9 9 0 0 1-9 0Z"),
}
# What is drawn on a turtle without a size of its own lies in its outline's room.
TURTLE_SIZE = (40.0, 48.0)
SPRITES = ("box", "piano", "picture", "webcam")
# A piano as Pencil Code makes it: three octaves from F, keys of middle F's octave and its neighbours.
LOWEST_KEY, WHITE_KEYS = 53, 21
KEY_WIDTH, BLACK_WIDTH, BLACK_HEIGHT = 20.0, 12.0, 60.0
WHITE_NOTES = (0, 2, 4, 5, 7, 9, 11)


def turtle_size(turtle: Mapping[str, Any]) -> tuple[float, float]:
    """Width and height of a turtle's rectangle, in pixels before it is scaled."""
    size = turtle["size"]
    return (size[0], size[1]) if size else TURTLE_SIZE


def turtle_svg(turtle: Mapping[str, Any]) -> str:
    """Draw a turtle where it stands, with what was drawn on it."""
    place = f"translate({number(turtle['x'])} {number(-turtle['y'])})"
    if turtle["direction"]:
        place += f"rotate({number(turtle['direction'])})"
    across, ahead = turtle["scale"] * turtle.get("across", 1), turtle["scale"]
    if (across, ahead) != (1, 1):
        place += f"scale({ahead:g})" if across == ahead else f"scale({across:g} {ahead:g})"
    looks = f' transform="{place}"' + (
        "" if turtle["opacity"] == 1 else f' opacity="{turtle["opacity"]:.3g}"'
    )
    if not turtle.get("marks") and turtle["shape"] not in ("piano", "picture"):
        return _body(turtle, looks)
    return f"<g{looks}>{_body(turtle, '')}{_marks_on(turtle)}</g>"


def _body(turtle: Mapping[str, Any], looks: str) -> str:
    shape, color = turtle["shape"], turtle["color"]
    if shape == "piano":
        return _piano(turtle)
    if shape == "picture":
        width, height = turtle_size(turtle)
        return image_svg(-width / 2, -height / 2, width, height, address_of(turtle["size"]))
    if shape in SPRITES:
        return _rectangle(*turtle_size(turtle), f'fill="{safe_color(color)}"' if color else FRAME, looks)
    if shape in SHAPES:
        ink, outline = SHAPES[shape]
        return f'<path d="{outline}"{looks} fill="{safe_color(color) if color else ink}"/>'
    ink = safe_color(color) if color else TURTLE_COLOR
    return f'<path d="{TURTLE_SHAPE}"{looks} fill="{ink}" fill-opacity=".85"/>'


def _rectangle(width: float, height: float, ink: str, looks: str = "") -> str:
    corner = f'x="{number(-width / 2)}" y="{number(-height / 2)}"'
    return f'<rect {corner} width="{number(width)}" height="{number(height)}" {ink}{looks}/>'


def _piano(turtle: Mapping[str, Any]) -> str:
    """Draw the keys, white ones first; marks say which have a colour of their own."""
    width, height = turtle_size(turtle)
    colors = {op[1]: op[2] for op in turtle.get("marks", ()) if op[0] == "key"}
    keys: dict[bool, list[str]] = {False: [], True: []}
    left, key = -width / 2 + 1, LOWEST_KEY
    while len(keys[False]) < WHITE_KEYS:
        is_black = key % 12 not in WHITE_NOTES
        x = left + KEY_WIDTH * len(keys[False]) - (BLACK_WIDTH / 2 if is_black else 0)
        ink = safe_color(colors[key]) if key in colors else "black" if is_black else "white"
        wide, high = (BLACK_WIDTH, BLACK_HEIGHT) if is_black else (KEY_WIDTH, height - 2)
        place = f'x="{number(x)}" y="{number(1 - height / 2)}" width="{number(wide)}" height="{number(high)}"'
        keys[is_black].append(f'<rect {place} fill="{ink}"/>')
        key += 1
    return f'<g stroke="black">{"".join(keys[False])}{"".join(keys[True])}</g>'


def _marks_on(turtle: Mapping[str, Any]) -> str:
    """Draw what lies on a turtle, cut off at its edges."""
    parts, stand = [], ""
    marks = [op for op in turtle.get("marks", ()) if op[0] != "key"]
    for is_stand, group in groupby(marks, lambda op: op[0] == "at"):
        ops = list(group)
        if is_stand:
            stand = _backwards(ops[-1])
        else:
            drawn = "".join(marks_svg(ops))
            parts.append(f'<g transform="{stand}">{drawn}</g>' if stand else drawn)
    if not parts:
        return ""
    width, height = turtle_size(turtle)
    return surface_svg(-width / 2, -height / 2, width, height, parts)


def _backwards(stand: Sequence[Any]) -> str:
    """Write the way from the page to the turtle: the opposite of its place, direction and scale."""
    _, x, y, direction, scale = stand
    steps = [
        f"scale({1 / scale:g})" if scale not in (0, 1) else "",
        f"rotate({number(-direction)})" if direction % 360 else "",
        f"translate({number(-x)} {number(y)})" if x or y else "",
    ]
    return "".join(steps)
