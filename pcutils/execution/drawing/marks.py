"""The marks of a drawing as SVG: colours, lines, text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

_SAFE = re.compile(r"#[0-9a-f]{3,8}|[a-z]{3,20}|(?:rgb|hsl)a?\([-\d.,%\s/]{1,60}\)", re.IGNORECASE)
# The colours that CSS knows by name; a browser draws in black what is none.
_WORDS = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown
    burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan
    darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid
    darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet
    deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro
    ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo ivory khaki
    lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow
    lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab
    orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru
    pink plum powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen
    seashell sienna silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle
    tomato transparent turquoise violet wheat white whitesmoke yellow yellowgreen
"""
_NAMES = frozenset(_WORDS.split())
_PAPER = {"erase": "white", "path": "none", "off": "none", "null": "none"}


def safe_color(color: object) -> str:
    """Return a colour that is safe to write into a picture."""
    text = str(color).strip().lower()
    if text in _PAPER:
        return _PAPER[text]
    if not _SAFE.fullmatch(text) or (text.isalpha() and text not in _NAMES):
        return "black"
    return text


# Shares of the font size, for a plain sans-serif font.
_NARROW, _WIDE = frozenset("ijlft.,:;'|!()[]{}\"` I"), frozenset("mwMW@%—…")
_NARROW_SHARE, _WIDE_SHARE, _CAPITAL_SHARE, _OTHER_SHARE, _FULL_SHARE = 0.32, 0.9, 0.7, 0.57, 1.0


def text_width(text: str, size: float) -> float:
    """Estimate the width of one line of text."""
    return size * sum(map(_share, text))


def _share(letter: str) -> float:
    if letter in _NARROW:
        return _NARROW_SHARE
    if letter in _WIDE:
        return _WIDE_SHARE
    if letter > "\u2e7f":
        return _FULL_SHARE
    return _CAPITAL_SHARE if letter.isupper() else _OTHER_SHARE


def shortened(text: str, width: float, size: float) -> str:
    """Cut a line of text to a width, with an ellipsis where something is missing."""
    if text_width(text, size) <= width:
        return text
    kept = text
    while len(kept) > 1 and text_width(kept + "…", size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


BEND = 0.03


def number(value: float) -> str:
    """Write a number with at most one decimal."""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def path_data(strokes: Iterable[Sequence[Sequence[float]]]) -> str:
    """Write strokes as the data of an SVG path."""
    parts = []
    for start, *steps in map(_straightened, strokes):
        parts.append(f"M{_pair(start[0], -start[1])}")
        for step in steps:
            place = _pair(step[0], -step[1])
            if len(step) == 2:
                parts.append(f"L{place}")
            else:
                radius = number(step[2])
                parts.append(f"A{radius} {radius} 0 {int(step[3])} {int(step[4])} {place}")
    return "".join(parts)


def _pair(x: float, y: float) -> str:
    right = number(y)
    return number(x) + ("" if right.startswith("-") else " ") + right


def _straightened(stroke: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """Leave out the points at which a line goes straight on."""
    kept: list[Sequence[float]] = []
    for step in stroke:
        if len(kept) > 1 and len(step) == len(kept[-1]) == 2 and _goes_on(kept[-2], kept[-1], step):
            kept[-1] = step
        else:
            kept.append(step)
    return kept


def _goes_on(first: Sequence[float], middle: Sequence[float], last: Sequence[float]) -> bool:
    """Tell whether the middle lies between the others, less than `BEND` pixels beside the line."""
    x, y = last[0] - first[0], last[1] - first[1]
    dx, dy = middle[0] - first[0], middle[1] - first[1]
    length = math.hypot(x, y)
    along = x * dx + y * dy
    return abs(x * dy - y * dx) <= BEND * length and 0 <= along <= length * length


def joined(ops: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Make one line of lines that follow each other with the same pen, each from where the last one ended."""
    kept: list[Sequence[Any]] = []
    for op in ops:
        before = kept[-1] if kept else op
        if kept and op[0] == before[0] == "path" and _continues(before, op):
            kept[-1] = ("path", *before[1:4], [*before[4], *op[4][1:]])
        else:
            kept.append(op)
    return kept


def _continues(before: Sequence[Any], after: Sequence[Any]) -> bool:
    is_solid = after[3] == "round" and "a(" not in str(after[1])
    return is_solid and before[1:4] == after[1:4] and list(before[4][-1][:2]) == list(after[4][0])


# Between a turtle and a label at its side.
LABEL_GAP = 8.0
LINE_SHARE = 1.2
# What holds for all marks that do not say otherwise.
MARKS = 'fill="none" stroke-linecap="round" stroke-linejoin="round" font-family="sans-serif"'

# Where the colour of each kind of mark stands.
COLOR_AT = {"path": 1, "fill": 1, "dot": 3, "box": 4, "arrow": 4, "label": 5}
ERASER = "erase"


def on_paper(ops: Iterable[Sequence[Any]], paper: str) -> list[Sequence[Any]]:
    """Let the eraser bring back the colour of the page."""
    kept = []
    for op in ops:
        at = COLOR_AT[op[0]]
        kept.append((*op[:at], paper, *op[at + 1 :]) if op[at] == ERASER else op)
    return kept


def marks_svg(ops: Iterable[Sequence[Any]]) -> list[str]:
    """Write marks, oldest first."""
    return [_WRITERS[op[0]](op) for op in joined(ops)]


def surface_svg(
    left: float, top: float, width: float, height: float, elements: Iterable[str], shrink: float = 1.0
) -> str:
    """Put elements whose places are from the middle of a surface into its room, cut off at its edges."""
    room = " ".join(map(number, (-width / 2, -height / 2, width, height)))
    side = f'width="{number(width * shrink)}" height="{number(height * shrink)}"'
    return f'<svg x="{number(left)}" y="{number(top)}" {side} viewBox="{room}">{"".join(elements)}</svg>'


def xml_text(text: str) -> str:
    """Escape text, without the characters that XML cannot hold."""
    kept = "".join(
        c for c in text if c in "\t\n" or (" " <= c <= "\ud7ff") or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
    return escape(kept)


def _path(op: Sequence[Any]) -> str:
    width = "" if op[2] == 1 else f' stroke-width="{number(op[2])}"'
    cap = f' stroke-linecap="{op[3]}"' if op[3] in ("butt", "square") else ""
    is_closed = cap and len(op[4]) > 3 and list(op[4][0][:2]) == list(op[4][-1][:2])
    return (
        f'<path d="{path_data([op[4]])}{"Z" if is_closed else ""}" stroke="{safe_color(op[1])}"{width}{cap}/>'
    )


def _fill(op: Sequence[Any]) -> str:
    return f'<path d="{path_data(op[2])}" fill="{safe_color(op[1])}"/>'


def _dot(op: Sequence[Any]) -> str:
    place = f'cx="{number(op[1])}" cy="{number(-op[2])}"'
    return f'<circle {place} r="{number(op[4] / 2)}" fill="{safe_color(op[3])}"/>'


def _square(op: Sequence[Any]) -> str:
    _, x, y, direction, color, side = op
    turned = f' transform="rotate({number(direction)} {number(x)} {number(-y)})"' if direction % 90 else ""
    corner = f'x="{number(x - side / 2)}" y="{number(-y - side / 2)}"'
    return (
        f'<rect {corner} width="{number(side)}" height="{number(side)}" fill="{safe_color(color)}"{turned}/>'
    )


def _arrow(op: Sequence[Any]) -> str:
    """Draw a shaft with a head; what is too short for a shaft is a head alone."""
    _, x, y, direction, color, length, width = op
    place = f"translate({number(x)} {number(-y)})rotate({number(direction)})"
    half = max(1.25 * width, width + 2)
    shaft = length - 1.5 * half
    ink, tip, wing = safe_color(color), number(-length), number(2 * half - length)
    head = f"M0 {tip}L{number(half)} {wing}L0 {number(-shaft)}L{number(-half)} {wing}Z"
    line = (
        f'<path d="M0 0V{number(-shaft)}" stroke="{ink}" stroke-width="{number(width)}"/>'
        if shaft > 0
        else ""
    )
    return f'<g transform="{place}">{line}<path d="{head}" fill="{ink}"/></g>'


def label_middle(op: Sequence[Any]) -> tuple[float, float, float, float]:
    """Find where a label lies before it is turned around its place."""
    size, side, lines = op[4], op[6], str(op[7]).split("\n")
    width, height = max(text_width(line, size) for line in lines), LINE_SHARE * size * len(lines)
    half = width / 2
    beside = {"left": -half - LABEL_GAP, "right": half + LABEL_GAP, "end": -half, "start": half}
    above = {"top": height / 2 + LABEL_GAP, "bottom": -height / 2 - LABEL_GAP}.get(side, 0.0)
    return beside.get(side, 0.0), above, width, height


def _label(op: Sequence[Any]) -> str:
    _, x, y, direction, size, color, side, text = op
    _, above, _, height = label_middle(op)
    anchor = {"left": "end", "right": "start", "end": "end", "start": "start"}.get(side, "middle")
    left = number(x + {"left": -LABEL_GAP, "right": LABEL_GAP}.get(side, 0.0))
    lines = str(text).split("\n")
    step = height / len(lines)
    top = -y - above - (len(lines) - 1) * step / 2
    words = xml_text(lines[0])
    if len(lines) > 1:
        words = "".join(
            f'<tspan x="{left}" y="{number(top + i * step)}">{xml_text(line)}</tspan>'
            for i, line in enumerate(lines)
        )
    turned = f' transform="rotate({number(direction)} {number(x)} {number(-y)})"' if direction % 360 else ""
    return (
        f'<text x="{left}" y="{number(top)}" font-size="{number(size)}" fill="{safe_color(color)}"'
        f' text-anchor="{anchor}" dominant-baseline="central"{turned}>{words}</text>'
    )


_WRITERS = {"path": _path, "fill": _fill, "dot": _dot, "box": _square, "arrow": _arrow, "label": _label}
