"""A drawing as SVG."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pcutils.execution.drawing.bounds import MARGIN
from pcutils.execution.drawing.colors import safe_color
from pcutils.execution.drawing.frame import Frame, common_frame
from pcutils.execution.drawing.lines import FONT_SIZE, line_svg, text_lines
from pcutils.execution.drawing.marks import COLOR_AT, MARKS, marks_svg, on_paper, xml_text
from pcutils.execution.drawing.strokes import number
from pcutils.execution.drawing.turtles import turtle_svg

if TYPE_CHECKING:
    from pcutils.execution.drawing import Drawing

SHOWN_SIDE = 400.0
CANVAS_COLOR = "white"
_WORDS = {
    "path": ("line", "lines"),
    "fill": ("filled area", "filled areas"),
    "dot": ("dot", "dots"),
    "box": ("box", "boxes"),
    "arrow": ("arrow", "arrows"),
    "label": ("label", "labels"),
}


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
    colors = list(dict.fromkeys(str(op[COLOR_AT[op[0]]]) for op in drawing.ops))
    pictures = sum(item["kind"] == "picture" for item in drawing.items)
    texts = sum(item["kind"] != "picture" and item["text"] != "" for item in drawing.items)
    if texts:
        parts.append(f"{texts} line{'s' if texts > 1 else ''} of text")
    if pictures:
        parts.append(f"{pictures} loaded picture{'s' if pictures > 1 else ''}")
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
    paper = safe_color(drawing.background or CANVAS_COLOR)
    marks = marks_svg(on_paper(drawing.ops, paper))
    if frame.has_marks:
        on_top = [*drawing.turtles[1:], *drawing.turtles[:1]]
        marks += [turtle_svg(turtle) for turtle in on_top if turtle["visible"]]
    written, y = [], top + MARGIN
    for line in lines:
        written.append(line_svg(line, left + MARGIN, y))
        y += line.height
    box = " ".join(number(value) for value in frame.box)
    canvas = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    name = xml_text(title or "Drawing")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{shown[0]}" height="{shown[1]}"',
        f' role="img"><title>{name}</title><desc>{xml_text(description or describe(drawing))}</desc>',
        f'<rect {canvas} fill="{paper}"/>',
    ]
    if marks:
        parts.append(f"<g {MARKS}>")
        parts += [*marks, "</g>"]
    if written:
        parts += [f'<g font-family="sans-serif" font-size="{FONT_SIZE:g}" fill="black">', *written, "</g>"]
    return "".join([*parts, "</svg>"])
