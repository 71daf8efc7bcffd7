"""How a program goes on: drawings are drawn once more elsewhere, games and texts get one more part."""

from __future__ import annotations

import re
from functools import cache

from pcutils.simulate.assignment import Assignment, Style

_NO_DRAWING = re.compile(r"\b(write|label|read|readnum|await|button|keydown|forever|tick|pressed|Turtle)\b")
_FUNCTION = re.compile(r"@\w+ = (\(.*\) )?->")
_PLACE = re.compile(r"\bjumpto (-?\d+), (-?\d+)")
_GOES_TO = re.compile(r"\b(jumpto|moveto|home)\b")
ROW, STEP = 4, 90
"""So many parts stand side by side, so many pixels apart; then a new row begins."""


def further_part(assignment: Assignment, style: Style, number: int, *, walks: bool) -> tuple[str, ...]:
    """Give one more part of a program.

    Parameters
    ----------
    assignment : Assignment
        Whose parts come in turn, if it has some.
    style : Style
        Otherwise what is drawn once more, without its functions, which are there already.
    number : int
        From 1.
    walks : bool
        The turtle walks to the next place with its pen up; otherwise it jumps.

    Returns
    -------
    tuple of str
        Lines in the notation of :mod:`pcutils.simulate.assignment`; none where nothing can follow, such as
        after a loop without an end.
    """
    if assignment.more:
        return assignment.more[(number - 1) % len(assignment.more)]
    lines = _drawing(style)
    x, y = STEP * (number % ROW), -STEP * (number // ROW)
    if not lines or any(_GOES_TO.search(line) for line in lines):
        return tuple(
            _PLACE.sub(lambda place: f"jumpto {int(place[1]) + x}, {int(place[2]) + y}", line)
            for line in lines
        )
    move = ("$up", "rt 90", f"fd {STEP}", "$down") if walks else (f"jumpto {x}, {y}",)
    return (*move, *lines)


@cache
def _drawing(style: Style) -> tuple[str, ...]:
    """What a solution draws, without its functions; nothing where it does more than draw."""
    if any(_NO_DRAWING.search(line) for line in style.lines):
        return ()
    kept, in_function = [], False
    for line in style.lines:
        if not line.startswith(" "):
            in_function = _FUNCTION.match(line) is not None
        if not in_function:
            kept.append(line)
    return tuple(kept)
