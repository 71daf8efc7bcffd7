"""What an assignment is, and how its text is read.

The texts are data: one module of :mod:`pcutils.simulate.assignments` for a group of assignments, in a small
notation of our own.

``== title, week`` opens an assignment, ``-- style, level`` one of its solutions (level 0 writes everything
out, 1 has loops, 2 variables, 3 functions). In a solution ``$colour``, ``$size`` and so on are slots for a
student's favourite values, ``@side`` is a name of a variable or function that every student spells in an own
way, ``for 4 times`` is a loop whose counter is not used, ``## roof`` opens a part that a student may comment,
``~`` before a command marks a line that only colourful students write, and ``$up`` / ``$down`` lift and lower
the pen. ``++``, after the solutions, opens a part that may follow any of them, for those who go on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TITLE = re.compile(r"== (\w+), (\d+)")
_STYLE = re.compile(r"-- (\w+), ([0-3])")


@dataclass(frozen=True)
class Style:
    """One way to solve an assignment.

    Parameters
    ----------
    name : str
        Such as ``"loop"``.
    level : int
        0 writes everything out, 1 has loops, 2 variables, 3 functions.
    lines : tuple of str
        The solution in the notation of this module.
    """

    name: str
    level: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """An assignment and the ways to solve it.

    Parameters
    ----------
    title : str
        One word, as the dataset has it.
    week : int
        About when in the term a class does it, from 1.
    styles : tuple of Style
        At least three.
    more : tuple of tuple of str
        Parts that may follow any solution, in turn; without them, students who go on draw once more.
    """

    title: str
    week: int
    styles: tuple[Style, ...]
    more: tuple[tuple[str, ...], ...] = ()


def read_assignments(text: str) -> tuple[Assignment, ...]:
    r"""Read assignments from the notation of this module.

    Parameters
    ----------
    text : str
        Any number of assignments.

    Returns
    -------
    tuple of Assignment
        In their order.

    Raises
    ------
    ValueError
        If a line stands outside a solution.

    Examples
    --------
    >>> [square] = read_assignments("== square, 1\n-- loop, 1\nfor 4 times\n  fd $size\n  rt 90")
    >>> square.title, square.week, square.styles[0].lines
    ('square', 1, ('for 4 times', '  fd $size', '  rt 90'))
    """
    titles: list[_Open] = []
    for line in text.strip("\n").splitlines():
        if match := _TITLE.fullmatch(line):
            titles.append(_Open(match[1], int(match[2])))
        elif match := _STYLE.fullmatch(line):
            titles[-1].lines = []
            titles[-1].styles.append((match[1], int(match[2]), titles[-1].lines))
        elif line == "++":
            titles[-1].lines = []
            titles[-1].more.append(titles[-1].lines)
        elif line.strip():
            if not titles or titles[-1].lines is None:
                raise ValueError(f"a line outside a solution: {line!r}")
            titles[-1].lines.append(line)
    return tuple(opened.closed() for opened in titles)


@dataclass
class _Open:
    """An assignment while it is read; `lines` is what the next line belongs to."""

    title: str
    week: int
    styles: list[tuple[str, int, list[str]]] = field(default_factory=list)
    more: list[list[str]] = field(default_factory=list)
    lines: list[str] | None = None

    def closed(self) -> Assignment:
        styles = tuple(Style(name, level, tuple(lines)) for name, level, lines in self.styles)
        return Assignment(self.title, self.week, styles, tuple(map(tuple, self.more)))
