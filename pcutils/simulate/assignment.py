"""Assignments and how their files are read.

The files are ``assignments/*.txt``, in a small notation of our own.

``== title, week`` opens an assignment, ``-- style, level`` one of its solutions (level 0 writes everything
out, 1 has loops, 2 variables, 3 functions). In a solution ``$colour``, ``$size`` and so on are slots for a
student's favourite values, ``@side`` is a variable or function that every student spells in an own way,
``for 4 times`` is a loop whose counter is not used, ``## roof`` opens a part that a student may comment,
``~`` before a command marks a line that only colourful students write, and ``$up`` / ``$down`` lift and lower
the pen. ``++``, after the solutions, opens a part that may follow any of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_STYLE = re.compile(r"-- (\w+), ([0-3])")


@dataclass(frozen=True)
class Style:
    """One way to solve an assignment; `level` as in the notation of this module."""

    name: str
    level: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """An assignment and the ways to solve it."""

    title: str
    week: int
    styles: tuple[Style, ...]
    more: tuple[tuple[str, ...], ...] = ()


@cache
def assignments() -> tuple[Assignment, ...]:
    """Give all assignments, sorted by week and title."""
    folder = files("pcutils.simulate").joinpath("assignments")
    texts = [file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".txt")]
    every = [assignment for text in texts for assignment in read_assignments(text)]
    return tuple(sorted(every, key=lambda assignment: (assignment.week, assignment.title)))


def read_assignments(text: str) -> list[Assignment]:
    r"""Read assignments from the notation of this module; raise a ValueError for a line outside a solution.

    >>> [square] = read_assignments("== square, 1\n-- loop, 1\nfor 4 times\n  fd $size\n  rt 90")
    >>> square.title, square.week, square.styles[0].lines
    ('square', 1, ('for 4 times', '  fd $size', '  rt 90'))
    """
    first, *sections = re.split(r"^== ", text.strip("\n"), flags=re.MULTILINE)
    if first:
        raise ValueError(f"a line outside an assignment: {first.splitlines()[0]!r}")
    return [_read_assignment(section.splitlines()) for section in sections]


def _read_assignment(lines: list[str]) -> Assignment:
    title, week = lines[0].split(", ")
    styles: list[tuple[str, int, list[str]]] = []
    more: list[list[str]] = []
    opened: list[str] | None = None
    for line in filter(str.strip, lines[1:]):
        if match := _STYLE.fullmatch(line):
            opened = []
            styles.append((match[1], int(match[2]), opened))
        elif line == "++":
            opened = []
            more.append(opened)
        elif opened is None:
            raise ValueError(f"a line outside a solution: {line!r}")
        else:
            opened.append(line)
    solutions = tuple(Style(name, level, tuple(solution)) for name, level, solution in styles)
    return Assignment(title, int(week), solutions, tuple(map(tuple, more)))
