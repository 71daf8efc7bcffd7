"""How much room a drawing takes, and which part of the page a picture shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pcutils.execution.drawing.items import text_lines
from pcutils.execution.drawing.marks import label_middle

if TYPE_CHECKING:
    from pcutils.execution.drawing import Drawing

MARGIN = 12.0
LEAST_SIDE = 160.0
GREATEST_SIDE = 4000.0
BACKGROUND_SIDE = 800.0
TURTLE_REACH = 14.0
GREATEST_SCALE = 20.0

Point = tuple[float, float]


class Bounds:
    """The smallest upright rectangle around what was added, y downwards."""

    def __init__(self) -> None:
        self.left = self.top = math.inf
        self.right = self.bottom = -math.inf

    def add(self, x: float, y: float, reach_x: float = 0.0, reach_y: float | None = None) -> None:
        """Widen the rectangle to hold what lies around a place."""
        reach_y = reach_x if reach_y is None else reach_y
        self.left, self.right = min(self.left, x - reach_x), max(self.right, x + reach_x)
        self.top, self.bottom = min(self.top, y - reach_y), max(self.bottom, y + reach_y)

    def include(self, other: Bounds) -> None:
        """Widen the rectangle to hold another one."""
        self.left, self.right = min(self.left, other.left), max(self.right, other.right)
        self.top, self.bottom = min(self.top, other.top), max(self.bottom, other.bottom)


def _arc_extremes(start: Sequence[float], step: Sequence[float]) -> Iterator[Point]:
    """Yield the outermost points of an arc: those straight above, below and beside its middle."""
    half_x, half_y = (step[0] - start[0]) / 2, (step[1] - start[1]) / 2
    half = math.hypot(half_x, half_y)
    radius = max(step[2], half)
    if half == 0:
        return
    height = math.sqrt(max(0.0, radius * radius - half * half)) * (1 if step[4] else -1)
    x, y = start[0] + half_x + height * half_y / half, start[1] + half_y - height * half_x / half
    for dx, dy in ((radius, 0.0), (-radius, 0.0), (0.0, radius), (0.0, -radius)):
        side = (dx - (start[0] - x)) * (step[1] - start[1]) - (dy - (start[1] - y)) * (step[0] - start[0])
        if (side < 0) == bool(step[4]):
            yield x + dx, y + dy


def _add_strokes(bounds: Bounds, strokes: Iterable[Sequence[Sequence[float]]], reach: float) -> None:
    for stroke in strokes:
        before = stroke[0]
        bounds.add(before[0], -before[1], reach)
        for step in stroke[1:]:
            bounds.add(step[0], -step[1], reach)
            if len(step) > 2:
                for x, y in _arc_extremes(before, step):
                    bounds.add(x, -y, reach)
            before = step


def _add_op(bounds: Bounds, op: Sequence[Any]) -> None:
    kind = op[0]
    if kind == "path":
        _add_strokes(bounds, [op[4]], op[2] / 2)
    elif kind == "fill":
        _add_strokes(bounds, op[2], 0.0)
    elif kind == "dot":
        bounds.add(op[1], -op[2], op[4] / 2)
    elif kind == "arrow":
        angle, half = math.radians(op[3]), max(1.25 * op[6], op[6] + 2)
        bounds.add(op[1], -op[2], half)
        bounds.add(op[1] + op[5] * math.sin(angle), -op[2] - op[5] * math.cos(angle), half)
    elif kind == "box":
        angle = math.radians(op[3])
        bounds.add(op[1], -op[2], op[5] / 2 * (abs(math.cos(angle)) + abs(math.sin(angle))))
    elif kind == "label":
        right, above, width, height = label_middle(op)
        angle = math.radians(op[3])
        across, along = math.cos(angle), math.sin(angle)
        bounds.add(
            op[1] + right * across + above * along,
            -op[2] + right * along - above * across,
            (width * abs(across) + height * abs(along)) / 2,
            (width * abs(along) + height * abs(across)) / 2,
        )


def _add_turtle(bounds: Bounds, turtle: Mapping[str, Any]) -> None:
    scale = min(abs(turtle["scale"]) * max(1, abs(turtle.get("across", 1))), GREATEST_SCALE) / 2
    angle = math.radians(turtle["direction"])
    across, along = abs(math.cos(angle)) * scale, abs(math.sin(angle)) * scale
    width, height = turtle["size"][:2] if turtle["size"] else (2 * TURTLE_REACH, 2 * TURTLE_REACH)
    bounds.add(turtle["x"], -turtle["y"], width * across + height * along, width * along + height * across)


def bounds_of(drawing: Drawing) -> Bounds:
    """Measure marks and visible turtles; a background that covers everything does not blow the picture up."""
    bounds = Bounds()
    turtles = [turtle for turtle in drawing.turtles if turtle["visible"]]
    for turtle in turtles:
        _add_turtle(bounds, turtle)
    for op in drawing.ops:
        if op[0] not in ("dot", "box") or op[-1] <= BACKGROUND_SIDE:
            _add_op(bounds, op)
    if not drawing.ops and not turtles:
        bounds.add(0.0, 0.0)
    if bounds.left > bounds.right:
        bounds.add(0.0, 0.0, 200.0)
    return bounds


def grown(low: float, high: float) -> tuple[float, float]:
    """Give a side its margin, at least `LEAST_SIDE` and at most `GREATEST_SIDE` around its middle."""
    middle, side = (low + high) / 2, high - low + 2 * MARGIN
    side = min(max(side, LEAST_SIDE), GREATEST_SIDE)
    return middle - side / 2, side


class Frame(NamedTuple):
    """The part of the page that a picture shows, and whether it holds more than text."""

    left: float
    top: float
    width: float
    height: float
    has_marks: bool = True


def common_frame(drawings: Sequence[Drawing]) -> Frame:
    """Find one frame that holds each of several drawings, such as the states of a trace."""
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
