"""What stands on the page beside the marks: text, tables, buttons, loaded pictures."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, NamedTuple
from urllib.parse import unquote

from pcutils.execution.drawing.marks import (
    MARKS,
    marks_svg,
    number,
    safe_color,
    shortened,
    surface_svg,
    text_width,
    xml_text,
)

FRAME = 'fill="#fff" fill-opacity=".6" stroke="#888" stroke-dasharray="3"'
NAME_LETTERS = 24
SMALLEST_FONT, LARGEST_FONT = 8.0, 14.0
LONGEST_SIDE = 4096
_DATA = re.compile(r"data:image/(png|jpeg);base64,([A-Za-z0-9+/]+={0,2})")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"


def address_of(size: Sequence[Any] | None) -> str:
    """Return the address that stands behind width and height, or nothing."""
    return str(size[2] or "") if size and len(size) > 2 else ""


def short_name(address: str) -> str:
    """Name a picture by its address."""
    if address.lower().startswith("data:"):
        return "picture"
    last = unquote(re.split(r"[?#]", address)[0].rstrip("/").rpartition("/")[2])
    name = re.sub(r"^\d+x\d+-|\.\w{2,5}$", "", last).strip()
    if not name:
        return "picture"
    return name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1] + "…"


def own_size(address: str) -> tuple[int, int] | None:
    """Measure a picture that its address holds, if it is of a kind that can do nothing else."""
    match = _DATA.fullmatch(address)
    if not match:
        return None
    try:
        content = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return None
    sides = _png_sides(content) if match[1] == "png" else _jpeg_sides(content)
    return sides if sides and min(sides) > 0 and max(sides) <= LONGEST_SIDE else None


def _png_sides(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or len(content) < 33:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_sides(content: bytes) -> tuple[int, int] | None:
    """Go from segment to segment up to the one that starts a frame."""
    at = 2 if content.startswith(_JPEG) else len(content)
    while at + 9 <= len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return (
                int.from_bytes(content[at + 7 : at + 9], "big"),
                int.from_bytes(content[at + 5 : at + 7], "big"),
            )
        at += 2 + length
    return None


def image_svg(left: float, top: float, width: float, height: float, address: str) -> str:
    """Draw a loaded picture in its room."""
    room = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    if own_size(address):
        return f'<image {room} href="{address}"/>'
    name = short_name(address)
    font = min(max(width / (text_width(name, 1.0) + 0.5), SMALLEST_FONT), LARGEST_FONT)
    return (
        f'<rect {room} {FRAME}/><text x="{number(left + width / 2)}" y="{number(top + height / 2)}"'
        f' font-size="{number(font)}" fill="#555" text-anchor="middle" dominant-baseline="central">'
        f"{xml_text(shortened(name, width - 2, font))}</text>"
    )


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
    """One line of the page."""

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
    """Cut what stands on the page into short lines."""
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
    """Draw a line of the page."""
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
