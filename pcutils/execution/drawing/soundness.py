"""Leave out marks that a hostile program has bent out of shape.

The interpreter writes marks as numbers and lists, but a program may replace what lists do before they are
written. What is read here may therefore be anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

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
    """Keep the marks that have their shape.

    Parameters
    ----------
    ops : object
        What stands for a list of marks in a report.

    Returns
    -------
    tuple of tuple
        Marks as in :class:`pcutils.execution.drawing.Drawing`.

    Examples
    --------
    >>> sound_marks([["dot", 0, 0, "red", 5], ["fill", "a", 7], ["label", 0, 0, 0, 9, "red", "left", 1], 3])
    (('dot', 0, 0, 'red', 5),)
    """
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
