"""The assignments of the made-up students, written for this project, a module for a group of them."""

from __future__ import annotations

from functools import cache

from pcutils.simulate.assignment import Assignment, read_assignments
from pcutils.simulate.assignments import chance, functions, games, loops, outdoors, pictures, shapes, stories

_GROUPS = (shapes, pictures, outdoors, loops, functions, chance, games, stories)


@cache
def assignments() -> tuple[Assignment, ...]:
    """Give all assignments, the first of the term first.

    Returns
    -------
    tuple of Assignment
        Sorted by week and title.
    """
    every = [assignment for group in _GROUPS for assignment in read_assignments(group.TEXT)]
    return tuple(sorted(every, key=lambda assignment: (assignment.week, assignment.title)))
