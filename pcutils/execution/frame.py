"""Which part of the page a picture shows, and the lines of text that stand above the marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pcutils.execution.bounds import MARGIN, Bounds, bounds_of, grown

if TYPE_CHECKING:
    from pcutils.execution.drawing import Drawing

LINE_HEIGHT = 22.0
LETTER_WIDTH = 7.6
INPUT_WIDTH = 110.0
SHOWN_LINES = 40
SHOWN_LETTERS = 90

Line = tuple[str, str]


@dataclass(frozen=True)
class Frame:
    """The part of the page that a picture shows.

    Attributes
    ----------
    left, top, width, height : float
        In pixels from the middle of the page, y downwards.
    has_marks : bool
        False where only text is shown: the turtle is left out, since there is no room for it.
    """

    left: float
    top: float
    width: float
    height: float
    has_marks: bool = True

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height, as an SVG wants them."""
        return self.left, self.top, self.width, self.height


def text_lines(items: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Cut what stands on the page into short lines.

    Parameters
    ----------
    items : iterable of mapping
        See :class:`pcutils.execution.drawing.Drawing`.

    Returns
    -------
    list of tuple of str
        Kind and text of each line, at most `SHOWN_LINES` and one that says how many are left out.
    """
    lines: list[Line] = []
    for item in items:
        if item["kind"] == "table":
            lines += _table_rows(item["text"])
        if item["kind"] == "picture":
            lines.append(("picture", "picture"))
        for line in item["text"].splitlines() if item["kind"] != "table" else ():
            if line.strip():
                lines.append((item["kind"], line.rstrip()[:SHOWN_LETTERS]))
        if item["kind"] == "question" and not item["text"]:
            lines.append(("question", ""))
    hidden = len(lines) - SHOWN_LINES
    return lines if hidden <= 0 else [*lines[:SHOWN_LINES], ("text", f"… and {hidden} more lines")]


def _table_rows(text: str) -> list[Line]:
    """Cut a table into rows whose cells are equally wide, with tabs between them."""
    rows = [row.split("\t") for row in text.split("\n")]
    wide = max(2, *(len(cell) for row in rows for cell in row))
    return [("row", "\t".join(cell.ljust(wide) for cell in row)) for row in rows]


def common_frame(drawings: Sequence[Drawing]) -> Frame:
    """Find one frame that holds each of several drawings, such as the states of a trace.

    Parameters
    ----------
    drawings : sequence of Drawing
        One or more.

    Returns
    -------
    Frame
        For :meth:`pcutils.execution.drawing.Drawing.to_svg`. The text stands above the marks of every
        drawing.

    Examples
    --------
    >>> from pcutils.execution.drawing import Drawing
    >>> short, long = (Drawing(ops=(("path", "red", 2, "round", [[0, 0], [0, y]]),)) for y in (50, 500))
    >>> common_frame([short, long]) == common_frame([long])
    True
    """
    texts = [text_lines(drawing.items) for drawing in drawings]
    has_marks = any(drawing.ops or not lines for drawing, lines in zip(drawings, texts, strict=True))
    bounds = Bounds()
    if has_marks:
        for drawing in drawings:
            bounds.include(bounds_of(drawing))
    else:
        bounds.add(0.0, 0.0)
    left, width = grown(bounds.left, bounds.right)
    top, height = grown(bounds.top, bounds.bottom)
    rows = max((len(lines) for lines in texts), default=0)
    if not rows:
        return Frame(left, top, width, height, has_marks)
    wide = max(_text_width(lines) for lines in texts)
    if wide > width:
        left, width = left - (wide - width) / 2, wide
    if not has_marks:
        top, height = top + height - MARGIN, MARGIN
    space = rows * LINE_HEIGHT + MARGIN
    return Frame(left, top - space, width, height + space, has_marks)


def _text_width(lines: Iterable[Line]) -> float:
    widths = (
        len(text) * LETTER_WIDTH + (INPUT_WIDTH if kind == "question" else 0.0) + 20 for kind, text in lines
    )
    return 2 * MARGIN + max(widths, default=0.0)
