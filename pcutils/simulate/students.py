"""Simulated students: traits, which a model may try to recover, and habits, which make their style.

The shapes of all distributions are our choice; their centres are in :mod:`pcutils.simulate.population`. None
is fitted to a real student.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from pcutils.simulate.population import POPULATION

Option = TypeVar("Option")

#: Students of consecutive numbers share a class, its weekly hour and its year.
CLASS_SIZE = 24

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
    """What a simulated student is like; the task of a model is to recover these numbers. Most are 0 to 1."""

    skill: float  # Beta(2, 2): few mistakes and quick repairs
    tinkering: float  # Beta(1.4, 2): tries values and takes them back, rewrites, plays on at the end
    commenting: float  # Beta(0.7, 1.5): two fifths of its third power are the share of parts with a comment
    colourfulness: float  # Beta(1.3, 1.3): how many colours, and how often they change
    step_size: float  # Beta(1.3, 1.6): how much is written between two runs
    step_size_lines: float  # the same as a mean number of lines, 1 to 5
    persistence: float  # seven tenths Beta(3, 1.5), three tenths skill: goes on after a failed repair
    speed: float  # Beta(2, 2): how fast one run follows the other
    gap_seconds: float  # the same as a median gap, 5.5 (fast) to 60 (slow) seconds
    abstraction: float  # four fifths Beta(0.8, 0.8), one fifth skill: prefers loops, variables and functions
    # Probability that a run with new lines holds a mistake in spelling out the code (quotes, brackets,
    # indentation), in a name, or in the kind of a value (a forgotten comma). They add up to
    # 0.01 + 0.27 * (1 - skill) ** 2.5, shared out by Dirichlet(1.2, 2, 0.8).
    error_compile: float
    error_name: float
    error_type: float

    @property
    def error_rates(self) -> dict[str, float]:
        """Probability of each kind of mistake in a run with new lines."""
        return {"compile": self.error_compile, "name": self.error_name, "type": self.error_type}


#: Names of all traits, in the order of the table of students.
TRAITS = tuple(field.name for field in fields(Traits))


@dataclass(frozen=True)
class Habits:
    """How a simulated student writes; drawn once, kept through the term."""

    colours: tuple[str, ...]  # the favourite first
    sizes: tuple[int, ...]
    widths: tuple[int, ...]
    count: int  # favourite small number
    repeats: float  # median number of further parts of a program
    speed: str | None  # what stands after ``speed``; None for students who do not set it
    speed_comes_late: bool  # adds the speed once the rest is there
    pen: tuple[str, str]  # commands that lift and lower the pen
    name_style: str
    loop_style: str
    comment_style: str
    comments_come_late: bool  # writes comments when the program is done
    indent: int
    quote: str
    quotes_colours: bool  # ``pen 'red'``
    parentheses: bool  # ``fd(50)``
    tight_commas: bool  # ``pen red,5``
    blank_lines: bool
    hides_turtle: bool  # ``ht()`` at the end
    taste: int  # makes the student's other choices the same each time


@dataclass(frozen=True)
class Student:
    """A simulated student; `number` counts from 0, `username` is unique for a seed and a number."""

    username: str
    number: int
    traits: Traits
    habits: Habits


def student_generator(seed: int, number: int) -> np.random.Generator:
    """Give a student's own generator, so that more students change nothing for the earlier ones."""
    return np.random.Generator(np.random.PCG64([seed, number, 1]))


def draw_student(seed: int, number: int, rng: np.random.Generator) -> Student:
    """Draw one student from a generator of `student_generator`."""
    traits = draw_traits(rng)
    # The username decides by its hash what is held out, so another prefix would change every split.
    return Student(f"made-up-{seed}-{number:05d}", number, traits, draw_habits(rng, traits))


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a student's traits from the distributions that `Traits` documents."""
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
    """Draw how a student writes; colourful students have more colours, skilled ones set a speed earlier."""

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
