"""What stands on the page as text, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, NamedTuple

from pcutils.execution.drawing.colors import safe_color
from pcutils.execution.drawing.images import address_of, image_svg, own_size, short_name
from pcutils.execution.drawing.letters import text_width
from pcutils.execution.drawing.marks import MARKS, marks_svg, surface_svg, xml_text
from pcutils.execution.drawing.strokes import number

LINE_HEIGHT = 22.0
FONT_SIZE = 15.0
INPUT_WIDTH = 110.0
CELL_MARGIN = 6.0
SHOWN_LINES = 24
LINE_LETTERS = 50
LONGEST_TEXT = 2000
PICTURE_SIDE, SURFACE_SIDE = 160.0, 800.0
PICTURE_GAP = 6.0
PICTURES_HEIGHT = 800.0


class Line(NamedTuple):
    """One line of the page.

    Attributes
    ----------
    kind : str
        As of an item of :class:`pcutils.execution.drawing.Drawing`, or ``row`` for a row of a table.
    text : str
        Its words; of a picture its address; of a row its cells with tabs between them.
    side : tuple of float or None
        Width and height of a picture, where they are known.
    marks : tuple
        What a program drew on a surface of its own, which is a picture without an address.
    cells : tuple of tuple
        Width and colour of each cell of a row.
    shrink : float
        How long a pixel of the surface is here.
    """

    kind: str
    text: str
    side: tuple[float, float] | None = None
    marks: tuple[Any, ...] = ()
    cells: tuple[tuple[float, str], ...] = ()
    shrink: float = 1.0

    @property
    def height(self) -> float:
        """Room from this line to the next, in pixels."""
        return self.side[1] + PICTURE_GAP if self.side else LINE_HEIGHT

    @property
    def width(self) -> float:
        """Room that it needs beside its margins, in pixels."""
        if self.side:
            return self.side[0]
        if self.kind == "row":
            return sum(width for width, _ in self.cells)
        words = short_name(self.text) if self.kind == "picture" else self.text
        return text_width(words, FONT_SIZE) + (INPUT_WIDTH if self.kind == "question" else 0.0) + 20


def text_lines(items: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Cut what stands on the page into short lines.

    Parameters
    ----------
    items : iterable of mapping
        See :class:`pcutils.execution.drawing.Drawing`.

    Returns
    -------
    list of Line
        At most `SHOWN_LINES`, and one that says how many are left out.
    """
    lines: list[Line] = []
    for item in items:
        if item["kind"] == "table":
            lines += _table_rows(item["text"], item["size"])
        elif item["kind"] == "picture":
            lines += _picture(item["size"])
        else:
            lines += [
                Line(item["kind"], part)
                for line in item["text"].splitlines()[: SHOWN_LINES + 1]
                if line.strip()
                for part in wrap(
                    line.rstrip()[:LONGEST_TEXT], LINE_LETTERS, expand_tabs=False, replace_whitespace=False
                )
            ]
        if item["kind"] == "question" and not item["text"]:
            lines.append(Line("question", ""))
    room = PICTURES_HEIGHT
    for place, line in enumerate(lines):
        room -= line.height if line.side and not line.marks else 0.0
        if room < 0:
            lines[place] = line._replace(side=None)
    hidden = len(lines) - SHOWN_LINES
    return lines if hidden <= 0 else [*lines[:SHOWN_LINES], Line("text", f"… and {hidden} more lines")]


def _table_rows(text: str, size: Any) -> list[Line]:
    """Cut a table into rows whose cells are as wide as the widest of their column."""
    rows = [row.split("\t") for row in text.split("\n")]
    columns = zip_longest(*rows, fillvalue="")
    wide = tuple(max(_cell_width(cell) for cell in column) for column in columns)
    colored = size[2] if size and len(size) > 2 else ()
    colors = {(row, column): safe_color(color) for row, column, color in colored}
    return [
        Line(
            "row",
            "\t".join(row),
            cells=tuple((wide[column], colors.get((number, column), "none")) for column in range(len(row))),
        )
        for number, row in enumerate(rows)
    ]


def _cell_width(text: str) -> float:
    return max(text_width(text, FONT_SIZE) + 2 * CELL_MARGIN, LINE_HEIGHT)


def _picture(size: Any) -> list[Line]:
    """Let a picture of a known size fit into a square of `PICTURE_SIDE`; a surface keeps its size."""
    address = address_of(size)
    if len(size or ()) > 3:
        return [_surface(size[:2], size[3])] if size[3] and min(size[:2]) > 0 else []
    sides = size[:2] if size and size[0] and size[1] else own_size(address)
    if not sides:
        return [Line("picture", address)]
    shrink = min(1.0, PICTURE_SIDE / max(sides))
    return [Line("picture", address, (sides[0] * shrink, sides[1] * shrink))]


def _surface(sides: Sequence[float], marks: Sequence[Any]) -> Line:
    """Let a surface that is larger than the page shrink to it."""
    shrink = min(1.0, SURFACE_SIDE / max(sides))
    return Line("picture", "", (sides[0] * shrink, sides[1] * shrink), tuple(marks), shrink=shrink)


def line_svg(line: Line, x: float, top: float) -> str:
    """Draw a line of the page.

    Parameters
    ----------
    line : Line
    x : float
        Its left end, in pixels.
    top : float
        Where the room of the line begins, y downwards.

    Returns
    -------
    str
        Its elements.
    """
    y = top + 0.6 * LINE_HEIGHT
    if line.kind == "row":
        return _row_svg(line, x, y)
    if line.kind == "picture":
        return _picture_svg(line, x, top)
    shown = xml_text(line.text)
    width = text_width(line.text, FONT_SIZE)
    if line.kind == "button":
        frame = f'<rect x="{number(x)}" y="{number(y - 15)}" width="{number(width + 16)}" height="20" rx="4"'
        return f'{frame} fill="#eee" stroke="#888"/><text x="{number(x + 8)}" y="{number(y)}">{shown}</text>'
    if line.kind == "question":
        left = x + (width + 10 if line.text else 0)
        frame = f'<rect x="{number(left)}" y="{number(y - 15)}" width="{number(INPUT_WIDTH)}" height="20"'
        frame += ' fill="#fff" stroke="#888"/>'
        return f'<text x="{number(x)}" y="{number(y)}">{shown}</text>{frame}'
    bold = ' font-weight="bold"' if line.kind == "heading" else ""
    return f'<text x="{number(x)}" y="{number(y)}"{bold}>{shown}</text>'


def _picture_svg(line: Line, x: float, top: float) -> str:
    if line.side and line.marks:
        width, height = (side / line.shrink for side in line.side)
        surface = surface_svg(x, top, width, height, marks_svg(line.marks), line.shrink)
        return f"<g {MARKS}>{surface}</g>"
    if line.side:
        return image_svg(x, top, *line.side, line.text)
    name = short_name(line.text)
    frame = (
        f'<rect x="{number(x)}" y="{number(top - 1.8)}" width="{number(text_width(name, FONT_SIZE) + 16)}"'
    )
    frame += ' height="20" fill="none" stroke="#888" stroke-dasharray="3"/>'
    return f'{frame}<text x="{number(x + 8)}" y="{number(top + 0.6 * LINE_HEIGHT)}">{xml_text(name)}</text>'


def _row_svg(line: Line, x: float, y: float) -> str:
    """Draw the cells of one row of a table side by side."""
    parts = []
    for cell, (width, color) in zip(line.text.split("\t"), line.cells, strict=True):
        frame = f'x="{number(x)}" y="{number(y - 16)}" width="{number(width)}" height="{number(LINE_HEIGHT)}"'
        words = f'<text x="{number(x + CELL_MARGIN)}" y="{number(y)}">{xml_text(cell)}</text>' if cell else ""
        parts.append(f'<rect {frame} fill="{color}" stroke="#444"/>{words}')
        x += width
    return "".join(parts)
