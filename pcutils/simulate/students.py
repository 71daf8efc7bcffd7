"""Made-up students: their traits, which a model may try to recover, and their habits, which make their style.

The shapes of all distributions are ours, chosen so that a class looks lively; their middles are in
:mod:`pcutils.simulate.population`. None is fitted to a real pupil.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from pcutils.simulate.population import POPULATION

Option = TypeVar("Option")

CLASS_SIZE = 24
"""Made-up students of consecutive numbers share a class, its weekly hour and its year."""

COLOURS = (
    *("red", "orange", "gold", "yellow", "green", "lime", "teal", "cyan", "blue", "navy"),
    *("purple", "violet", "pink", "magenta", "brown", "black", "gray"),
)
SIZES = (20, 30, 40, 50, 60, 70, 80, 90, 100, 120)
WIDTHS = (1, 2, 3, 4, 5, 8, 10, 15)
SPEEDS = ("1", "2", "5", "10", "50", "100", "Infinity")
PEN_DIALECTS = (("pu()", "pd()"), ("pen off", "pen on"), ("pu()", "pen down"))
NAME_STYLES = ("word", "letter", "camel", "snake")
LOOP_STYLES = ("[1..{n}]", "i in [1..{n}]", "x in [1..{n}]", "i in [0...{n}]")
COMMENT_STYLES = ("# {text}", "#{text}", "# {text}!", "# --- {text} ---", "# {TEXT}", "# now the {text}")


@dataclass(frozen=True)
class Traits:
    """What a made-up student is like; what is asked of a model is to recover these numbers.

    Parameters
    ----------
    skill : float
        0 to 1, Beta(2, 2): few mistakes and quick repairs.
    tinkering : float
        0 to 1, Beta(1.4, 2): tries values and takes them back, deletes and writes again, plays on at the end.
    commenting : float
        0 to 1, Beta(0.7, 1.5): two fifths of its third power are the share of a program's parts that get a
        comment, so most students hardly ever comment and a few often do.
    colourfulness : float
        0 to 1, Beta(1.3, 1.3): how many colours, and how often they change.
    step_size : float
        0 to 1, Beta(1.3, 1.6): how much is written between two runs.
    step_size_lines : float
        The same as a mean number of lines, 1 to 5.
    persistence : float
        0 to 1, seven tenths Beta(3, 1.5) and three tenths skill: goes on after a failed repair.
    speed : float
        0 to 1, Beta(2, 2): how fast one run follows the other.
    gap_seconds : float
        The same as a median gap, 5.5 (fast) to 60 (slow) seconds.
    abstraction : float
        0 to 1, four fifths Beta(0.8, 0.8) and one fifth skill: prefers loops, variables and functions.
    error_compile, error_name, error_type : float
        Probability that a run with new lines holds a mistake in spelling out the code (quotes, brackets,
        indentation), in a name, or in the kind of a value (a forgotten comma). They add up to
        ``0.01 + 0.27 * (1 - skill) ** 2.5``, shared out by Dirichlet(1.2, 2, 0.8).
    """

    skill: float
    tinkering: float
    commenting: float
    colourfulness: float
    step_size: float
    step_size_lines: float
    persistence: float
    speed: float
    gap_seconds: float
    abstraction: float
    error_compile: float
    error_name: float
    error_type: float

    @property
    def error_rates(self) -> dict[str, float]:
        """Probability of each kind of mistake in a run with new lines."""
        return {"compile": self.error_compile, "name": self.error_name, "type": self.error_type}


TRAITS = tuple(field.name for field in fields(Traits))
"""Names of all traits, in the order of the table of students."""


@dataclass(frozen=True)
class Habits:
    """How a made-up student writes; drawn once, kept through the term.

    Parameters
    ----------
    colours : tuple of str
        Favourite colours, the most loved first.
    sizes, widths : tuple of int
        Favourite lengths in pixels and pen widths.
    count : int
        Favourite small number.
    repeats : float
        How often a program goes on with one more part, in the middle.
    speed : str or None
        What stands after ``speed``; None for students who do not set it.
    speed_comes_late : bool
        Adds the speed only once waiting has become a bore.
    pen : tuple of str
        Commands that lift and lower the pen.
    name_style, loop_style, comment_style : str
        One of :data:`NAME_STYLES`, :data:`LOOP_STYLES`, :data:`COMMENT_STYLES`.
    comments_come_late : bool
        Writes comments when the program is done.
    indent : int
        Spaces a level.
    quote : str
        Quotation mark.
    quotes_colours, parentheses, tight_commas, blank_lines, hides_turtle : bool
        ``pen 'red'``; ``fd(50)``; ``pen red,5``; empty lines between parts; ``ht()`` at the end.
    taste : int
        Makes the student's choices of words and other odds and ends the same each time.
    """

    colours: tuple[str, ...]
    sizes: tuple[int, ...]
    widths: tuple[int, ...]
    count: int
    repeats: float
    speed: str | None
    speed_comes_late: bool
    pen: tuple[str, str]
    name_style: str
    loop_style: str
    comment_style: str
    comments_come_late: bool
    indent: int
    quote: str
    quotes_colours: bool
    parentheses: bool
    tight_commas: bool
    blank_lines: bool
    hides_turtle: bool
    taste: int


@dataclass(frozen=True)
class Student:
    """A made-up student.

    Parameters
    ----------
    username : str
        Says that the student is made up; unique for a seed and a number.
    number : int
        From 0.
    traits : Traits
        What the student is like.
    habits : Habits
        How the student writes.
    """

    username: str
    number: int
    traits: Traits
    habits: Habits


def student_generator(seed: int, number: int) -> np.random.Generator:
    """Give a student's own source of chance, so that more students change nothing for the earlier ones.

    Parameters
    ----------
    seed : int
        Of the whole simulation, not negative.
    number : int
        Of the student, from 0.

    Returns
    -------
    numpy.random.Generator
        PCG64, seeded with both numbers.
    """
    return np.random.Generator(np.random.PCG64([seed, number, 1]))


def draw_student(seed: int, number: int, rng: np.random.Generator) -> Student:
    """Make one student up.

    Parameters
    ----------
    seed, number : int
        Of the simulation and of the student; they make the username.
    rng : numpy.random.Generator
        From :func:`student_generator`.

    Returns
    -------
    Student
        With traits and habits.
    """
    traits = draw_traits(rng)
    return Student(f"made-up-{seed}-{number:05d}", number, traits, draw_habits(rng, traits))


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a student's traits from the distributions that :class:`Traits` documents.

    Parameters
    ----------
    rng : numpy.random.Generator
        The student's own.

    Returns
    -------
    Traits
        All in their ranges.
    """
    skill = rng.beta(2.0, 2.0)
    step_size = rng.beta(1.3, 1.6)
    speed = rng.beta(2.0, 2.0)
    mistakes = POPULATION.mistakes_more * (1 - skill) ** POPULATION.mistakes_power
    errors = (POPULATION.mistakes_least + mistakes) * rng.dirichlet((1.2, 2.0, 0.8))
    slowest, fastest = POPULATION.gap_slowest_seconds, POPULATION.gap_fastest_seconds
    return Traits(
        skill=float(skill),
        tinkering=float(rng.beta(1.4, 2.0)),
        commenting=float(rng.beta(0.7, 1.5)),
        colourfulness=float(rng.beta(1.3, 1.3)),
        step_size=float(step_size),
        step_size_lines=float(POPULATION.step_largest_lines**step_size),
        persistence=float(0.7 * rng.beta(3.0, 1.5) + 0.3 * skill),
        speed=float(speed),
        gap_seconds=float(slowest * (fastest / slowest) ** speed),
        abstraction=float(0.8 * rng.beta(0.8, 0.8) + 0.2 * skill),
        error_compile=float(errors[0]),
        error_name=float(errors[1]),
        error_type=float(errors[2]),
    )


def draw_habits(rng: np.random.Generator, traits: Traits) -> Habits:
    """Draw how a student writes.

    Parameters
    ----------
    rng : numpy.random.Generator
        The student's own.
    traits : Traits
        Colourful students have more favourite colours; skilled ones more often set a speed at once.

    Returns
    -------
    Habits
        Kept through the term.
    """

    def pick(options: Sequence[Option], weights: Sequence[float]) -> Option:
        shares = np.asarray(weights) / np.sum(weights)
        return options[int(rng.choice(len(options), p=shares))]

    def happens(probability: float) -> bool:
        return bool(rng.random() < probability)

    favourites = POPULATION.colours_least + round(POPULATION.colours_more * traits.colourfulness)
    return Habits(
        colours=tuple(COLOURS[i] for i in rng.permutation(len(COLOURS))[:favourites]),
        sizes=tuple(SIZES[i] for i in rng.permutation(len(SIZES))[:3]),
        widths=tuple(WIDTHS[i] for i in rng.permutation(len(WIDTHS))[:2]),
        count=int(rng.integers(4, 11)),
        repeats=POPULATION.repeats_median * float(rng.lognormal(0, POPULATION.repeats_spread_students)),
        speed=pick(SPEEDS, (1, 3, 3, 5, 2, 3, 2)) if happens(0.65) else None,
        speed_comes_late=happens(0.5 - 0.3 * traits.skill),
        pen=pick(PEN_DIALECTS, (5, 3, 1)),
        name_style=pick(NAME_STYLES, (5, 3, 2, 2)),
        loop_style=pick(LOOP_STYLES, (5, 3, 2, 1)),
        comment_style=pick(COMMENT_STYLES, (4, 3, 1, 1, 1, 1)),
        comments_come_late=happens(0.3),
        indent=pick((2, 4), (4, 1)),
        quote=pick(("'", '"'), (1, 2)),
        quotes_colours=happens(0.12),
        parentheses=happens(0.15),
        tight_commas=happens(0.25),
        blank_lines=happens(0.3),
        hides_turtle=happens(0.2),
        taste=int(rng.integers(0, 1000)),
    )
