"""A made-up student's traits must be visible in what the student writes, or no model could learn them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from pcutils.simulate import simulate
from pcutils.simulate.students import COLOURS, draw_student, student_generator
from pcutils.trace import Trace

_COLOUR = re.compile(r"\b(" + "|".join(COLOURS) + r")\b")


def line_steps(trace: Trace) -> list[int]:
    """Give the change in the number of lines at each run."""
    counts = [0, *(len(program.splitlines()) for program in trace.programs)]
    return [int(step) for step in np.diff(counts)]


def observed(trace: Trace) -> dict[str, float]:
    """Measure what one trace shows of its student, in the simplest way."""
    steps = line_steps(trace)
    gaps = [(b - a).total_seconds() for a, b in zip(trace.timestamps, trace.timestamps[1:], strict=False)]
    later = [step for step in steps[1:] if step > 0]
    last = trace.programs[-1]
    return {
        "tinkering": sum(step == 0 for step in steps[1:]) / len(steps),
        "going_back": sum(state in trace.programs[:i] for i, state in enumerate(trace.programs)) / len(steps),
        "commenting": sum(line.lstrip().startswith("#") for line in last.splitlines()),
        "step_size_lines": float(np.median(later)) if later else np.nan,
        "gap_seconds": float(np.median(gaps)) if gaps else np.nan,
        "colourfulness": len(set(_COLOUR.findall(last))),
        "abstraction": len(re.findall(r"for |->| = ", last)),
    }


@pytest.fixture(scope="module")
def students() -> pd.DataFrame:
    traces, traits = simulate(students=100, seed=5)
    rows = pd.DataFrame([observed(trace) | {"username": trace.username} for trace in traces])
    return rows.groupby("username").mean().add_prefix("observed_").join(traits.set_index("username"))


@pytest.mark.parametrize(
    ("trait", "measure", "least"),
    [
        ("tinkering", "tinkering", 0.5),
        ("tinkering", "going_back", 0.5),
        ("commenting", "commenting", 0.7),
        ("step_size_lines", "step_size_lines", 0.7),
        ("gap_seconds", "gap_seconds", 0.8),
        ("colourfulness", "colourfulness", 0.5),
        ("abstraction", "abstraction", 0.35),
    ],
)
def test_trait_is_visible(students: pd.DataFrame, trait: str, measure: str, least: float) -> None:
    assert spearmanr(students[trait], students[f"observed_{measure}"]).statistic > least


def test_other_students_traits_are_not_visible(students: pd.DataFrame) -> None:
    shuffled = students.commenting.sample(frac=1, random_state=0).to_numpy()
    assert abs(spearmanr(shuffled, students.observed_commenting).statistic) < 0.3


def test_favourite_colours_come_back() -> None:
    traces, _ = simulate(students=30, seed=2)
    own = other = 0
    for trace in traces:
        number = int(str(trace.username).rsplit("-", 1)[1])
        favourites = draw_student(2, number, student_generator(2, number)).habits.colours
        neighbour = draw_student(2, number + 1, student_generator(2, number + 1)).habits.colours
        used = set(_COLOUR.findall(trace.programs[-1]))
        own += len(used & set(favourites))
        other += len(used & set(neighbour))
    assert own > 2 * other


def test_traits_are_spread_out() -> None:
    _, traits = simulate(students=200, seed=0, titles=["square"])
    numbers = traits.drop(columns=["username", "step_size_lines", "gap_seconds", "error_type"])
    shares = numbers.drop(columns=[name for name in numbers if name.startswith("error")])
    assert (shares.quantile(0.9) - shares.quantile(0.1)).min() > 0.35
    assert numbers.nunique().min() == len(traits)
    assert traits[["error_compile", "error_name", "error_type"]].sum(axis=1).corr(traits.skill) < -0.9
