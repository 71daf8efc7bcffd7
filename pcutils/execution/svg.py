"""A drawing as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from pcutils.execution.bounds import MARGIN
from pcutils.execution.colors import safe_color
from pcutils.execution.frame import INPUT_WIDTH, LETTER_WIDTH, LINE_HEIGHT, Frame, common_frame, text_lines
from pcutils.execution.strokes import joined, number, path_data

if TYPE_CHECKING:
    from pcutils.execution.drawing import Drawing

SHOWN_SIDE = 400.0
TURTLE_COLOR = "#3c8a5a"
CANVAS_COLOR = "white"
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
_WORDS = {
    "path": ("line", "lines"),
    "fill": ("filled area", "filled areas"),
    "dot": ("dot", "dots"),
    "box": ("box", "boxes"),
    "arrow": ("arrow", "arrows"),
    "label": ("label", "labels"),
}


def _op_svg(op: Sequence[Any]) -> str:
    kind = op[0]
    if kind == "path":
        width = "" if op[2] == 1 else f' stroke-width="{number(op[2])}"'
        cap = f' stroke-linecap="{op[3]}"' if op[3] in ("butt", "square") else ""
        return f'<path d="{path_data([op[4]])}" stroke="{safe_color(op[1])}"{width}{cap}/>'
    if kind == "fill":
        return f'<path d="{path_data(op[2])}" fill="{safe_color(op[1])}"/>'
    if kind == "dot":
        place = f'cx="{number(op[1])}" cy="{number(-op[2])}"'
        return f'<circle {place} r="{number(op[4] / 2)}" fill="{safe_color(op[3])}"/>'
    if kind == "label":
        return _label(op)
    return _square(op) if kind == "box" else _arrow(op)


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


def _label(op: Sequence[Any]) -> str:
    _, x, y, direction, size, color, side, text = op
    anchor = {"left": "end", "right": "start"}.get(side, "middle")
    y += {"top": 0.6 * size, "bottom": -0.6 * size}.get(side, 0.0)
    turned = f' transform="rotate({number(direction)} {number(x)} {number(-y)})"' if direction % 360 else ""
    return (
        f'<text x="{number(x)}" y="{number(-y)}" font-size="{number(size)}" fill="{safe_color(color)}"'
        f' text-anchor="{anchor}" dominant-baseline="central"{turned}>{_text(text)}</text>'
    )


def _text(text: str) -> str:
    """Escape text, without the characters that XML cannot hold."""
    kept = "".join(
        c for c in text if c in "\t\n" or (" " <= c <= "\ud7ff") or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
    return escape(kept)


def _turtle(turtle: Mapping[str, Any]) -> str:
    place = f"translate({number(turtle['x'])} {number(-turtle['y'])})"
    if turtle["direction"]:
        place += f"rotate({number(turtle['direction'])})"
    if turtle["scale"] != 1:
        place += f"scale({turtle['scale']:g})"
    color = safe_color(turtle["color"]) if turtle["color"] else TURTLE_COLOR
    faded = "" if turtle["opacity"] == 1 else f' opacity="{number(turtle["opacity"])}"'
    if turtle["shape"] in ("box", "piano", "picture", "webcam"):
        return _sprite(turtle, place, faded)
    if turtle["shape"] in SHAPES:
        color = safe_color(turtle["color"]) if turtle["color"] else SHAPES[turtle["shape"]][0]
        return f'<path d="{SHAPES[turtle["shape"]][1]}" transform="{place}" fill="{color}"{faded}/>'
    return f'<path d="{TURTLE_SHAPE}" transform="{place}" fill="{color}" fill-opacity=".85"{faded}/>'


def _sprite(turtle: Mapping[str, Any], place: str, faded: str) -> str:
    """Draw a sprite as its rectangle; of a picture or film only the frame is known."""
    width, height = turtle["size"] or (40, 40)
    ink = f'fill="{safe_color(turtle["color"])}"' if turtle["color"] else 'fill="#fff" stroke="#888"'
    if not turtle["color"] and turtle["shape"] != "piano":
        ink += ' stroke-dasharray="3"'
    corner = f'x="{number(-width / 2)}" y="{number(-height / 2)}"'
    side = f'width="{number(width)}" height="{number(height)}"'
    return f'<rect {corner} {side} transform="{place}" {ink}{faded}/>'


def _line_svg(kind: str, text: str, x: float, y: float) -> str:
    shown = _text(text)
    width = max(1, len(text)) * LETTER_WIDTH
    if kind == "button":
        frame = f'<rect x="{number(x)}" y="{number(y - 15)}" width="{number(width + 16)}" height="20" rx="4"'
        return f'{frame} fill="#eee" stroke="#888"/><text x="{number(x + 8)}" y="{number(y)}">{shown}</text>'
    if kind == "row":
        return _row_svg(text, x, y)
    if kind == "picture":
        frame = f'<rect x="{number(x)}" y="{number(y - 15)}" width="{number(width + 16)}" height="20"'
        frame += ' fill="none" stroke="#888" stroke-dasharray="3"/>'
        return f'{frame}<text x="{number(x + 8)}" y="{number(y)}">{shown}</text>'
    if kind == "question":
        left = x + (width + 10 if text else 0)
        frame = f'<rect x="{number(left)}" y="{number(y - 15)}" width="{number(INPUT_WIDTH)}" height="20"'
        frame += ' fill="#fff" stroke="#888"/>'
        return f'<text x="{number(x)}" y="{number(y)}">{shown}</text>{frame}'
    bold = ' font-weight="bold"' if kind == "heading" else ""
    return f'<text x="{number(x)}" y="{number(y)}"{bold}>{shown}</text>'


def _row_svg(text: str, x: float, y: float) -> str:
    """Draw the cells of one row of a table side by side."""
    parts = []
    for cell in text.split("\t"):
        width = len(cell) * LETTER_WIDTH + 10
        frame = f'x="{number(x)}" y="{number(y - 16)}" width="{number(width)}" height="{number(LINE_HEIGHT)}"'
        words = (
            f'<text x="{number(x + 5)}" y="{number(y)}">{_text(cell.rstrip())}</text>' if cell.strip() else ""
        )
        parts.append(f'<rect {frame} fill="none" stroke="#444"/>{words}')
        x += width
    return "".join(parts)


def describe(drawing: Drawing) -> str:
    """Say in words what a drawing holds.

    Parameters
    ----------
    drawing : Drawing

    Returns
    -------
    str
        One sentence with the number of marks of each kind.

    Examples
    --------
    >>> from pcutils.execution.drawing import Drawing
    >>> describe(Drawing(ops=(("dot", 0, 0, "red", 20), ("dot", 5, 0, "red", 20))))
    '2 dots in red.'
    """
    counts = Counter(op[0] for op in drawing.ops)
    parts = [f"{count} {_WORDS[kind][count > 1]}" for kind, count in counts.items()]
    where = {"path": 1, "fill": 1, "dot": 3, "box": 4, "arrow": 4, "label": 5}
    colors = list(dict.fromkeys(str(op[where[op[0]]]) for op in drawing.ops))
    if drawing.items:
        parts.append(f"{len(drawing.items)} line{'s' if len(drawing.items) > 1 else ''} of text")
    if not parts:
        return "An empty canvas."
    named = f" in {', '.join(colors[:6])}" if colors else ""
    return ", ".join(parts) + named + "."


def picture(
    drawing: Drawing,
    title: str | None,
    description: str | None,
    size: tuple[int, int] | None,
    frame: Frame | None,
) -> str:
    """Write a drawing as one SVG element; see :meth:`pcutils.execution.drawing.Drawing.to_svg`."""
    lines = text_lines(drawing.items)
    frame = frame or common_frame([drawing])
    left, top, width, height = frame.box
    shrink = min(1.0, SHOWN_SIDE / max(width, height))
    shown = size or (round(width * shrink), round(height * shrink))
    marks = [_op_svg(op) for op in joined(drawing.ops)]
    if frame.has_marks:
        on_top = [*drawing.turtles[1:], *drawing.turtles[:1]]
        marks += [_turtle(turtle) for turtle in on_top if turtle["visible"]]
    written = [
        _line_svg(kind, text, left + MARGIN, top + MARGIN + (i + 0.6) * LINE_HEIGHT)
        for i, (kind, text) in enumerate(lines)
    ]
    box = " ".join(number(value) for value in frame.box)
    canvas = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    name = _text(title or "Drawing")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{shown[0]}" height="{shown[1]}"',
        f' role="img"><title>{name}</title><desc>{_text(description or describe(drawing))}</desc>',
        f'<rect {canvas} fill="{CANVAS_COLOR}"/>',
    ]
    if marks:
        parts.append(
            '<g fill="none" stroke-linecap="round" stroke-linejoin="round" font-family="sans-serif">'
        )
        parts += [*marks, "</g>"]
    if written:
        parts += ['<g font-family="sans-serif" font-size="15" fill="black">', *written, "</g>"]
    return "".join([*parts, "</svg>"])
