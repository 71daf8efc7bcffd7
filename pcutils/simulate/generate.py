"""Simulate a school: students with known traits, and the traces of what they write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from pcutils.errors import DataError
from pcutils.simulate.assignment import Assignment, Style, assignments
from pcutils.simulate.population import POPULATION
from pcutils.simulate.process import Writer
from pcutils.simulate.render import render
from pcutils.simulate.school import Clock, first_lesson
from pcutils.simulate.students import TRAITS, Student, draw_student, student_generator
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pandas import DataFrame


def simulate(
    students: int = 200,
    seed: int = 0,
    *,
    titles: int | Sequence[str] | None = None,
    assignments_per_student: int = 12,
) -> tuple[list[Trace], DataFrame]:
    """Simulate students and the traces of a school term.

    Parameters
    ----------
    students : int
        How many; more students leave the earlier ones as they are.
    seed : int
        The same seed gives the same traces, on any machine and in any process.
    titles : int or sequence of str, optional
        How many assignments (spread over the term) or which; all if not given.
    assignments_per_student : int
        How many different titles each student works on, at most as many as there are.

    Returns
    -------
    traces : list of Trace
        By student, then by time.
    traits : pandas.DataFrame
        One row per student: ``username`` and one column per trait
        (:class:`pcutils.simulate.students.Traits`).

    Raises
    ------
    pcutils.errors.DataError
        If a number is out of range or a title is unknown.
    """
    import pandas

    traces: list[Trace] = []
    traits = []
    for student, written in simulate_students(
        students, seed, titles=titles, assignments_per_student=assignments_per_student
    ):
        traces += written
        traits.append(traits_row(student))
    return traces, pandas.DataFrame(traits, columns=["username", *TRAITS])


def simulate_students(
    students: int,
    seed: int = 0,
    *,
    titles: int | Sequence[str] | None = None,
    assignments_per_student: int = 12,
) -> Iterator[tuple[Student, list[Trace]]]:
    """Simulate one student after the other; only the last is in memory. Arguments as in `simulate`."""
    for field, value, least in (
        ("students", students, 1),
        ("seed", seed, 0),
        ("assignments_per_student", assignments_per_student, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DataError(repr(value), f"a whole number from {least} on", field=field)
    curriculum = chosen_assignments(titles)
    for number in range(students):
        rng = student_generator(seed, number)
        student = draw_student(seed, number, rng)
        yield student, term(student, curriculum, assignments_per_student, seed, rng)


def traits_row(student: Student) -> dict[str, object]:
    """Give a student's row of the table of students."""
    return {"username": student.username} | asdict(student.traits)


def chosen_assignments(titles: int | Sequence[str] | None) -> list[Assignment]:
    """Choose assignments, in the order of the term: all, a number spread over the term, or titles."""
    every = list(assignments())
    if titles is None:
        return every
    if isinstance(titles, int):
        if isinstance(titles, bool) or not 1 <= titles <= len(every):
            raise DataError(repr(titles), f"a number from 1 to {len(every)}, or titles", field="titles")
        return [every[i] for i in np.linspace(0, len(every) - 1, titles).round().astype(int)]
    known = [assignment.title for assignment in every]
    unknown = [title for title in titles if title not in known]
    if unknown or not titles or isinstance(titles, str):
        raise DataError(repr(unknown or titles), "titles out of " + ", ".join(known), field="titles")
    return [assignment for assignment in every if assignment.title in titles]


def term(
    student: Student, curriculum: Sequence[Assignment], count: int, seed: int, rng: np.random.Generator
) -> list[Trace]:
    """Simulate one student through a term; the assignments are drawn at random and kept in order."""
    clock = Clock(first_lesson(seed, student.number), student, rng)
    chosen = sorted(rng.permutation(len(curriculum))[:count])
    traces = []
    for position in chosen:
        assignment = curriculum[position]
        clock.start(assignment.week)
        states = write_assignment(student, assignment, rng)
        times = clock.times(len(states))
        traces.append(Trace.from_states(states, times, title=assignment.title, username=student.username))
    return traces


def write_assignment(student: Student, assignment: Assignment, rng: np.random.Generator) -> list[str]:
    """Simulate the states of one assignment; tinkerers may throw another solution away first."""
    states: list[str] = []
    style = choose_style(student, assignment.styles, rng)
    others = [other for other in assignment.styles if other is not style]
    if rng.random() < POPULATION.start_anew * student.traits.tinkering:
        other = choose_style(student, others, rng)
        first = Writer(student, render(assignment, other, student, rng), rng, states)
        if not first.write(steps=int(rng.integers(1, 4))):
            return states
    Writer(student, render(assignment, style, student, rng), rng, states).write()
    return states


def choose_style(student: Student, styles: Sequence[Style], rng: np.random.Generator) -> Style:
    """Choose a solution: probability falls by a factor of e for every third of a level from the best one."""
    distances = np.array([abs(style.level - 3 * student.traits.abstraction) for style in styles])
    weights = np.exp(-3 * distances)
    return styles[int(rng.choice(len(styles), p=weights / weights.sum()))]
