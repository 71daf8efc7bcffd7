"""The drawings of a trace as pictures that are light enough for a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pcutils.execution.drawing import Drawing
from pcutils.execution.drawing.frame import Frame
from pcutils.execution.drawing.svg import describe
from pcutils.figures.frames import shared_frames

#: What the pictures of a trace may weigh, in characters: this much, or more where the states are many.
MOST_WEIGHT = 30_000
MOST_WEIGHT_PER_STATE = 3_000
#: A drawing always keeps about this much of itself, whatever the others weigh.
LEAST_WEIGHT = 1_000
#: Steps shorter than this share of the picture's side are left out of a drawing that is too heavy.
FINEST_STEP = 1 / 500

#: A page needs no name space, and an address in it looks like something to load.
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
_BETWEEN_TAGS = re.compile(r"(?<=>)(?=<)")
_MARK_WEIGHT, _STEP_WEIGHT, _PLACE_WEIGHT = 70, 10, 4


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawing as SVG.

    Parameters
    ----------
    pieces : list of str
        The SVG in pieces, cut between tags, so that equal marks of several pictures need be kept only once.
    is_whole : bool
        False where the drawing was too heavy and only its first marks are in the picture.
    """

    pieces: list[str]
    is_whole: bool


def light_pictures(drawings: Sequence[Drawing], titles: Sequence[str]) -> list[Picture]:
    """Draw the states of a trace in frames that they share, and keep the whole light.

    Parameters
    ----------
    drawings : sequence of Drawing, shape (n_states,)
        What the states drew.
    titles : sequence of str, shape (n_states,)
        What a screen reader says first of each.

    Returns
    -------
    list of Picture, shape (n_states,)
        Where all of them together are too heavy, the heaviest ones lose steps too short to be seen, and then
        their last marks.
    """
    states = [
        (drawing, title, describe(drawing), frame)
        for drawing, title, frame in zip(drawings, titles, shared_frames(drawings), strict=True)
    ]
    budget = max(MOST_WEIGHT, MOST_WEIGHT_PER_STATE * len(drawings))
    most = 2.0 * budget
    while True:
        pictures = [_picture(*state, most) for state in states]
        if _characters(pictures) <= budget or most <= LEAST_WEIGHT:
            return pictures
        most /= 2


def _characters(pictures: Sequence[Picture]) -> int:
    """Count what a player holds: each piece once, in quotes, its places, and the last picture once more."""
    pieces = [piece for picture in pictures for piece in picture.pieces]
    once = sum(len(piece) + piece.count('"') + 3 for piece in set(pieces))
    return once + _PLACE_WEIGHT * len(pieces) + sum(map(len, pictures[-1].pieces))


def _picture(drawing: Drawing, title: str, description: str, frame: Frame, most: float) -> Picture:
    light, is_whole = lightened(drawing, frame, most)
    svg = light.to_svg(title, description, frame=frame)
    return Picture(_BETWEEN_TAGS.split(svg.replace(_NAMESPACE, "", 1)), is_whole)


def lightened(drawing: Drawing, frame: Frame, most: float) -> tuple[Drawing, bool]:
    """Make a heavy drawing lighter.

    Parameters
    ----------
    drawing : Drawing
        What a program drew.
    frame : Frame
        In which it is shown.
    most : float
        What it may weigh as SVG, in characters, estimated from its marks and steps.

    Returns
    -------
    drawing : Drawing
        The same where it is light enough. Else without the steps that are too short to be seen, and where
        that is not enough, up to the mark that is one too many.
    is_whole : bool
        Whether no mark was left out.
    """
    if _weight(drawing.ops) <= most:
        return drawing, True
    shortest = FINEST_STEP * max(frame.width, frame.height)
    ops = [_thinned(op, shortest) for op in drawing.ops]
    if _weight(ops) <= most:
        return replace(drawing, ops=tuple(ops)), True
    kept: list[tuple[Any, ...]] = []
    for op in ops:
        most -= _weight([op])
        if most < 0:
            kept += _beginning(op, most + _weight([op]))
            break
        kept.append(op)
    return replace(drawing, ops=tuple(kept)), False


def _weight(ops: Sequence[tuple[Any, ...]]) -> int:
    steps = sum(len(op[4]) if op[0] == "path" else sum(map(len, op[2])) for op in ops if _has_steps(op))
    return _MARK_WEIGHT * len(ops) + _STEP_WEIGHT * steps


def _has_steps(op: tuple[Any, ...]) -> bool:
    return op[0] in ("path", "fill")


def _thinned(op: tuple[Any, ...], shortest: float) -> tuple[Any, ...]:
    if op[0] == "path":
        return (*op[:4], _without_short_steps(op[4], shortest))
    return (*op[:2], [_without_short_steps(one, shortest) for one in op[2]]) if op[0] == "fill" else op


def _without_short_steps(stroke: Sequence[Any], shortest: float) -> list[Any]:
    kept = [stroke[0]]
    for step in stroke[1:-1]:
        if len(step) > 2 or max(abs(step[0] - kept[-1][0]), abs(step[1] - kept[-1][1])) >= shortest:
            kept.append(step)
    return [*kept, *stroke[1:][-1:]]


def _beginning(op: tuple[Any, ...], most: float) -> list[tuple[Any, ...]]:
    """First part of a path that is too long; nothing of any other mark."""
    steps = int((most - _MARK_WEIGHT) // _STEP_WEIGHT)
    return [(*op[:4], op[4][:steps])] if op[0] == "path" and steps > 1 else []
