"""The drawings of a trace as SVG, in frames that they share, and light enough for a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pcutils.execution import Drawing
from pcutils.execution.drawing.frame import Frame, common_frame

#: How much larger than the median frame the shared one may be, or up to a student's screen in pixels.
MOST_GROWTH, SCREEN_SIDE = 2.5, 800.0
#: Characters that the pictures of a trace may have together: this many, or more where the states are many.
MOST_WEIGHT, MOST_WEIGHT_PER_STATE = 30_000, 3_000
LEAST_WEIGHT = 1_000  # that a drawing always keeps of itself
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
_MARK_WEIGHT, _STEP_WEIGHT, _INDEX_WEIGHT = 70, 10, 4


def light_pictures(drawings: Sequence[Drawing], titles: Sequence[str]) -> list[tuple[list[str], bool]]:
    """Draw states as SVG in pieces between tags; too heavy together, the heaviest lose their last marks."""
    budget = max(MOST_WEIGHT, MOST_WEIGHT_PER_STATE * len(drawings))
    frames, most = shared_frames(drawings), 2.0 * budget
    while True:
        light = [lightened(drawing, most) for drawing in drawings]
        svgs = [one.to_svg(title, frame=f) for (one, _), title, f in zip(light, titles, frames, strict=True)]
        pictures = [re.split("(?<=>)(?=<)", svg.replace(_NAMESPACE, "", 1)) for svg in svgs]
        if _characters(pictures) <= budget or most <= LEAST_WEIGHT:
            return [(pieces, is_whole) for pieces, (_, is_whole) in zip(pictures, light, strict=True)]
        most /= 2


def _characters(pictures: Sequence[Sequence[str]]) -> int:
    """Count what a player holds: each piece once, in quotes, its indexes, and the last picture once more."""
    pieces = [piece for picture in pictures for piece in picture]
    once = sum(len(piece) + piece.count('"') + 3 for piece in set(pieces))
    return once + _INDEX_WEIGHT * len(pieces) + sum(map(len, pictures[-1]))


def lightened(drawing: Drawing, most: float) -> tuple[Drawing, bool]:
    """Leave out the last marks of a drawing of more than about `most` characters; whether all are kept."""
    kept: list[tuple[Any, ...]] = []
    for op in drawing.ops:
        steps = len(op[4]) if op[0] == "path" else sum(map(len, op[2])) if op[0] == "fill" else 0
        room, most = most, most - _MARK_WEIGHT - _STEP_WEIGHT * steps
        if most < 0:
            fitting = int((room - _MARK_WEIGHT) // _STEP_WEIGHT)
            kept += [(*op[:4], op[4][:fitting])] if op[0] == "path" and fitting > 1 else []
            return replace(drawing, ops=tuple(kept)), False
        kept.append(op)
    return drawing, True


def shared_frames(drawings: Sequence[Drawing]) -> list[Frame]:
    """Give all drawings of a size one frame; one so large or far away that others would shrink keeps its own.

    Examples
    --------
    >>> lines = [Drawing(ops=(("path", "red", 2, "round", [[0, 0], [0, y]]),)) for y in (300, 400, 4000)]
    >>> [round(frame.height) for frame in shared_frames(lines)]
    [426, 426, 4000]
    """
    own = [common_frame([drawing]) for drawing in drawings]
    limit = max(MOST_GROWTH * sorted(map(_side, own))[(len(own) - 1) // 2], SCREEN_SIDE)
    around = min(own, key=lambda one: sum(_side(_around(one, other)) for other in own))
    group = []
    for index in sorted(range(len(own)), key=lambda index: _side(_around(around, own[index]))):
        if _side(wider := _around(around, own[index])) <= limit:
            around = wider
            group.append(index)
    shared = common_frame([drawings[index] for index in sorted(group)]) if group else None
    return [shared if shared and index in group else frame for index, frame in enumerate(own)]


def _side(frame: Frame) -> float:
    return max(frame.width, frame.height)


def _around(one: Frame, other: Frame) -> Frame:
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(one.left + one.width, other.left + other.width)
    bottom = max(one.top + one.height, other.top + other.height)
    return Frame(left, top, right - left, bottom - top)
