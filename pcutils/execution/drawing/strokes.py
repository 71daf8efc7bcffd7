"""Lines as SVG writes them, as short as they can be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

BEND = 0.03


def number(value: float) -> str:
    """Write a number with at most one decimal.

    Examples
    --------
    >>> number(3.0), number(-0.04), number(12.345)
    ('3', '0', '12.3')
    """
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def path_data(strokes: Iterable[Sequence[Sequence[float]]]) -> str:
    """Write strokes as the data of an SVG path.

    Parameters
    ----------
    strokes : iterable of sequence
        Each a start (x, y) and steps, as in :class:`Drawing`.

    Returns
    -------
    str
        Absolute commands; y points down. Steps that go straight on are one.

    Examples
    --------
    >>> path_data([[(0, 0), (0, 100), (50, 150, 50, 0, 1)]])
    'M0 0L0-100A50 50 0 0 1 50-150'
    >>> path_data([[(0, 0), (0, 10), (0, 30), (20, 30)]])
    'M0 0L0-30L20-30'
    """
    parts = []
    for start, *steps in map(_straightened, strokes):
        parts.append(f"M{_pair(start[0], -start[1])}")
        for step in steps:
            place = _pair(step[0], -step[1])
            if len(step) == 2:
                parts.append(f"L{place}")
            else:
                radius = number(step[2])
                parts.append(f"A{radius} {radius} 0 {int(step[3])} {int(step[4])} {place}")
    return "".join(parts)


def _pair(x: float, y: float) -> str:
    right = number(y)
    return number(x) + ("" if right.startswith("-") else " ") + right


def _straightened(stroke: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """Leave out the points at which a line goes straight on."""
    kept: list[Sequence[float]] = []
    for step in stroke:
        if len(kept) > 1 and len(step) == len(kept[-1]) == 2 and _goes_on(kept[-2], kept[-1], step):
            kept[-1] = step
        else:
            kept.append(step)
    return kept


def _goes_on(first: Sequence[float], middle: Sequence[float], last: Sequence[float]) -> bool:
    """Tell whether the middle lies between the others, less than `BEND` pixels beside the line."""
    x, y = last[0] - first[0], last[1] - first[1]
    dx, dy = middle[0] - first[0], middle[1] - first[1]
    length = math.hypot(x, y)
    along = x * dx + y * dy
    return abs(x * dy - y * dx) <= BEND * length and 0 <= along <= length * length


def joined(ops: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Make one line of lines that follow each other with the same pen, each from where the last one ended.

    Parameters
    ----------
    ops : iterable of sequence
        Marks as in :class:`pcutils.execution.drawing.Drawing`.

    Returns
    -------
    list of sequence
        The same picture in fewer marks. Lines with ends of their own or with a colour that may let the
        ground through stay apart.

    Examples
    --------
    >>> joined([("path", "red", 2, "round", [[0, 0], [0, 9]]), ("path", "red", 2, "round", [[0, 9], [5, 9]])])
    [('path', 'red', 2, 'round', [[0, 0], [0, 9], [5, 9]])]
    """
    kept: list[Sequence[Any]] = []
    for op in ops:
        before = kept[-1] if kept else op
        if kept and op[0] == before[0] == "path" and _continues(before, op):
            kept[-1] = ("path", *before[1:4], [*before[4], *op[4][1:]])
        else:
            kept.append(op)
    return kept


def _continues(before: Sequence[Any], after: Sequence[Any]) -> bool:
    is_solid = after[3] == "round" and "a(" not in str(after[1])
    return is_solid and before[1:4] == after[1:4] and list(before[4][-1][:2]) == list(after[4][0])
