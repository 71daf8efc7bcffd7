"""What a program drew, as data and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pcutils.execution.drawing.frame import MARGIN, Frame, common_frame
from pcutils.execution.drawing.items import FONT_SIZE, line_svg, text_lines
from pcutils.execution.drawing.marks import COLOR_AT, MARKS, marks_svg, number, on_paper, safe_color, xml_text
from pcutils.execution.drawing.turtles import turtle_svg

ON_TURTLE, PAPER = "sprite", "page"
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


@dataclass(frozen=True)
class Drawing:
    """Marks on the canvas, oldest first, the turtles where they ended, and what stands on the page.

    Lengths are in pixels, places are (x, y) from the middle of the page with y upwards, angles are in
    degrees, clockwise from up, as students give them.

    Attributes
    ----------
    ops : tuple of tuple
        The marks::

            ("path", colour, width, cap, [start, step, ...])
            ("fill", colour, [[start, step, ...], ...])
            ("dot", x, y, colour, diameter)
            ("box", x, y, direction, colour, side)
            ("arrow", x, y, direction, colour, length, width)
            ("label", x, y, direction, font size, colour, side, text)

        A label stands at the left, right, top or bottom of its place or in the center; one without a turtle
        starts or ends there. A start is (x, y); a step is (x, y) for a straight piece, (x, y, radius, large,
        clockwise) for an arc.
    turtles : tuple of dict
        ``x``, ``y``, ``direction``, ``scale``, ``across`` (how much wider than long it is drawn, below 0
        where it is mirrored; 1 where it is missing), ``color``, ``shape``, ``size`` (width, height and, of a
        picture, its address), ``opacity``, ``visible``; ``marks`` where something was drawn on it: marks as
        in `ops`, in places of the page, behind each ``("at", x, y, direction, scale)`` those made while it
        stood there, and ``("key", number, colour)`` for coloured keys of a piano.
    items : tuple of dict
        What was written: ``kind`` (text, heading, button, question, table, picture), ``text``, ``size``: of a
        table rows, columns and (row, column, colour) of its coloured cells; of a picture width, height and
        address, 0 where a side is not known, and the marks of a surface that the program drew itself.
    background : str or None
        Colour of the page, where the program gave it one.
    """

    ops: tuple[tuple[Any, ...], ...] = ()
    turtles: tuple[Mapping[str, Any], ...] = ()
    items: tuple[Mapping[str, Any], ...] = ()
    background: str | None = None

    @classmethod
    def from_report(cls, report: Mapping[str, Any]) -> Drawing:
        """Take the drawing out of a worker's report."""
        ops = report.get("ops", ())
        on_turtles = {op[1]: sound_marks(op[2]) for op in ops if op[0] == ON_TURTLE}
        turtles = tuple(
            {**turtle, "marks": on_turtles[number]} if on_turtles.get(number) else turtle
            for number, turtle in enumerate(report.get("turtles", ()))
        )
        items = (item for item in report.get("items", ()) if item["kind"] != "label")
        background = next((str(op[1]) for op in ops if op[0] == PAPER), None)
        return cls(sound_marks(ops), turtles, tuple(sound_items(items)), background)

    def to_svg(
        self,
        title: str = "Drawing",
        description: str | None = None,
        size: tuple[int, int] | None = None,
        frame: tuple[float, float, float, float] | None = None,
        *,
        turtles: bool = True,
        items: bool = True,
    ) -> str:
        """Draw it as a picture that stands alone.

        Parameters
        ----------
        title : str
            What a screen reader says first.
        description : str, optional
            What it says next; made from the marks by default.
        size : tuple of int, optional
            Width and height of the picture in pixels; its own by default.
        frame : tuple of float, optional
            Left, top, width and height of the part of the page to show, from the middle of the page, y
            downwards; fits the drawing by default. See :func:`common_frame`.
        turtles, items : bool
            Whether to draw the turtles, and what was written on the page.

        Returns
        -------
        str
            One ``<svg>`` element with a canvas, white or in the colour of the page, that fits what is on it.
        """
        lines = text_lines(self.items) if items else []
        shown_frame = Frame(*frame) if frame else common_frame([self])
        left, top, width, height = shown_frame[:4]
        paper = safe_color(self.background or CANVAS_COLOR)
        marks = marks_svg(on_paper(self.ops, paper))
        if turtles and shown_frame.has_marks:
            on_top = [*self.turtles[1:], *self.turtles[:1]]
            marks += [turtle_svg(turtle) for turtle in on_top if turtle["visible"]]
        written, y = [], top + MARGIN
        for line in lines:
            written.append(line_svg(line, left + MARGIN, y))
            y += line.height
        shrink = min(1.0, SHOWN_SIDE / max(width, height))
        shown = size or (round(width * shrink), round(height * shrink))
        canvas = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{" ".join(map(number, shown_frame[:4]))}"',
            f' width="{shown[0]}" height="{shown[1]}" role="img"><title>{xml_text(title)}</title>',
            f"<desc>{xml_text(description or describe(self))}</desc>",
            f'<rect {canvas} fill="{paper}"/>',
        ]
        if marks:
            parts += [f"<g {MARKS}>", *marks, "</g>"]
        if written:
            parts += [
                f'<g font-family="sans-serif" font-size="{FONT_SIZE:g}" fill="black">',
                *written,
                "</g>",
            ]
        return "".join([*parts, "</svg>"])


def describe(drawing: Drawing) -> str:
    """Say in words what a drawing holds."""
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


_NUMBERS = {int, float}
# How long a mark is and where its numbers stand; strokes are looked at beside.
_SHAPES: dict[str, tuple[int, tuple[int, ...]]] = {
    "path": (5, (2,)),
    "fill": (3, ()),
    "dot": (5, (1, 2, 4)),
    "box": (6, (1, 2, 3, 5)),
    "arrow": (7, (1, 2, 3, 5, 6)),
    "label": (8, (1, 2, 3, 4)),
    "at": (5, (1, 2, 3, 4)),
    "key": (3, (1,)),
}
_STEP_LENGTHS = {2, 5}


def sound_marks(ops: object) -> tuple[tuple[Any, ...], ...]:
    """Keep the marks that have their shape."""
    return tuple(tuple(op) for op in ops if _is_sound(op)) if isinstance(ops, list) else ()


def sound_items(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Keep the marks of surfaces that have their shape."""
    return [
        {**item, "size": (*item["size"][:3], sound_marks(item["size"][3]))} if _is_surface(item) else item
        for item in items
    ]


def _is_surface(item: Mapping[str, Any]) -> bool:
    return item["kind"] == "picture" and len(item["size"]) > 3


def _is_sound(op: object) -> bool:
    if not isinstance(op, list) or not op or not isinstance(op[0], str) or op[0] not in _SHAPES:
        return False
    length, places = _SHAPES[op[0]]
    if len(op) != length or not all(type(op[place]) in _NUMBERS for place in places):
        return False
    if op[0] == "path":
        return _is_stroke(op[4])
    if op[0] == "fill":
        return isinstance(op[2], list) and all(map(_is_stroke, op[2]))
    return op[0] != "label" or isinstance(op[7], str)


def _is_stroke(stroke: object) -> bool:
    if not isinstance(stroke, list) or not stroke or set(map(type, stroke)) != {list}:
        return False
    are_numbers = set(map(type, chain.from_iterable(stroke))) <= _NUMBERS
    return are_numbers and set(map(len, stroke)) <= _STEP_LENGTHS
