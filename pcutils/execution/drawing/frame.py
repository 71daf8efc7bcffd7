"""Which part of the page a picture shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pcutils.execution.drawing.bounds import MARGIN, Bounds, bounds_of, grown
from pcutils.execution.drawing.lines import text_lines

if TYPE_CHECKING:
    from pcutils.execution.drawing import Drawing


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
    has_marks = any(
        drawing.ops or not lines or any(map(_is_to_be_seen, enumerate(drawing.turtles)))
        for drawing, lines in zip(drawings, texts, strict=True)
    )
    bounds = Bounds()
    if has_marks:
        for drawing in drawings:
            bounds.include(bounds_of(drawing))
    else:
        bounds.add(0.0, 0.0)
    left, width = grown(bounds.left, bounds.right)
    top, height = grown(bounds.top, bounds.bottom)
    high = max((sum(line.height for line in lines) for lines in texts), default=0.0)
    if not high:
        return Frame(left, top, width, height, has_marks)
    wide = 2 * MARGIN + max(line.width for lines in texts for line in lines)
    if wide > width:
        left, width = left - (wide - width) / 2, wide
    if not has_marks:
        top, height = top + height - MARGIN, MARGIN
    space = high + MARGIN
    return Frame(left, top - space, width, height + space, has_marks)


def _is_to_be_seen(numbered: tuple[int, Mapping[str, Any]]) -> bool:
    """Tell whether a turtle is more than the one that stands in the middle of every new page."""
    number, turtle = numbered
    is_new = not number and not turtle["x"] and not turtle["y"] and not turtle["direction"]
    return bool(turtle["visible"]) and not (is_new and turtle["shape"] == "turtle" and not turtle["color"])
