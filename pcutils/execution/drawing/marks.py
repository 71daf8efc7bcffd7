"""The marks of a drawing as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from pcutils.execution.drawing.colors import safe_color
from pcutils.execution.drawing.letters import text_width
from pcutils.execution.drawing.strokes import joined, number, path_data

# Between a turtle and a label at its side.
LABEL_GAP = 8.0
LINE_SHARE = 1.2
# What holds for all marks that do not say otherwise.
MARKS = 'fill="none" stroke-linecap="round" stroke-linejoin="round" font-family="sans-serif"'

# Where the colour of each kind of mark stands.
COLOR_AT = {"path": 1, "fill": 1, "dot": 3, "box": 4, "arrow": 4, "label": 5}
ERASER = "erase"


def on_paper(ops: Iterable[Sequence[Any]], paper: str) -> list[Sequence[Any]]:
    """Let the eraser bring back the colour of the page.

    Examples
    --------
    >>> on_paper([("dot", 0, 0, "erase", 9), ("dot", 0, 0, "red", 5)], "navy")
    [('dot', 0, 0, 'navy', 9), ('dot', 0, 0, 'red', 5)]
    """
    kept = []
    for op in ops:
        at = COLOR_AT[op[0]]
        kept.append((*op[:at], paper, *op[at + 1 :]) if op[at] == ERASER else op)
    return kept


def marks_svg(ops: Iterable[Sequence[Any]]) -> list[str]:
    """Write marks, oldest first.

    Parameters
    ----------
    ops : iterable of sequence
        See :class:`pcutils.execution.drawing.Drawing`.

    Returns
    -------
    list of str
        An element for each mark; lines that go on with the same pen are one.

    Examples
    --------
    >>> marks_svg([("dot", 3, 4, "red", 20)])
    ['<circle cx="3" cy="-4" r="10" fill="red"/>']
    """
    return [_WRITERS[op[0]](op) for op in joined(ops)]


def surface_svg(
    left: float, top: float, width: float, height: float, elements: Iterable[str], shrink: float = 1.0
) -> str:
    """Put elements whose places are from the middle of a surface into its room, cut off at its edges.

    Parameters
    ----------
    left, top : float
        Its corner, y downwards.
    width, height : float
        Its size, in pixels of its own.
    elements : iterable of str
        What lies on it.
    shrink : float
        How long a pixel of its own is here.

    Returns
    -------
    str
        One element.
    """
    room = " ".join(map(number, (-width / 2, -height / 2, width, height)))
    side = f'width="{number(width * shrink)}" height="{number(height * shrink)}"'
    return f'<svg x="{number(left)}" y="{number(top)}" {side} viewBox="{room}">{"".join(elements)}</svg>'


def xml_text(text: str) -> str:
    """Escape text, without the characters that XML cannot hold.

    Examples
    --------
    >>> xml_text("a < b" + chr(7))
    'a &lt; b'
    """
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
    """Find where a label lies before it is turned around its place.

    Parameters
    ----------
    op : sequence
        A label, as in :class:`pcutils.execution.drawing.Drawing`.

    Returns
    -------
    tuple of float
        How far its middle is to the right of its place and above it, its width and its height, in pixels.
    """
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
