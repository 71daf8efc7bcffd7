from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from pcutils.errors import DataError
from pcutils.simulate import TRAITS, assignments, simulate
from pcutils.trace import format_trace, parse_trace


@pytest.fixture(scope="module")
def school():
    return simulate(students=84, seed=0)


DIGEST = """
import hashlib
from pcutils.simulate import simulate
from pcutils.trace import format_trace
traces, traits = simulate(5, 7)
text = "".join(format_trace(trace) for trace in traces) + traits.to_csv()
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_same_seed_same_bytes_in_other_processes() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("0", "4242")
    ]
    first, second = (run.communicate()[0].strip() for run in runs)
    assert first == second
    assert len(first) == 64


def test_same_seed_same_traces() -> None:
    traces, traits = simulate(5, 7)
    again, traits_again = simulate(5, 7)
    assert [(t.username, t) for t in traces] == [(t.username, t) for t in again]
    assert traits.equals(traits_again)
    assert simulate(5, 8)[0] != traces


def test_more_students_leave_the_earlier_ones_alone() -> None:
    few, few_traits = simulate(4, 3)
    many, many_traits = simulate(40, 3)
    assert many[: len(few)] == few
    assert [trace.username for trace in many[: len(few)]] == [trace.username for trace in few]
    assert many_traits.head(4).equals(few_traits)


def test_size_and_shape(school) -> None:
    traces, traits = school
    assert len(traces) == 84 * 12
    assert list(traits.columns) == ["username", *TRAITS]
    assert traits.username.is_unique
    assert traits[list(TRAITS)].dtypes.eq(float).all()
    unit = traits[[name for name in TRAITS if not name.endswith(("_lines", "_seconds"))]]
    assert unit.ge(0).all(axis=None)
    assert unit.le(1).all(axis=None)
    assert {trace.username for trace in traces} == set(traits.username)
    pairs = [(trace.username, trace.title) for trace in traces]
    assert len(set(pairs)) == len(pairs)
    assert {trace.title for trace in traces} == {assignment.title for assignment in assignments()}
    lengths = np.array([len(trace.programs) for trace in traces])
    assert 2 <= np.median(lengths) <= 4
    assert 4.2 <= np.mean(lengths) <= 5.6
    assert 0.1 <= np.mean(lengths == 1) <= 0.35
    assert lengths.max() <= 50
    assert np.quantile(lengths, 0.99) >= 20
    characters = np.array([sum(map(len, trace.programs)) + 32 * len(trace.programs) for trace in traces])
    assert np.mean(characters) < 1200
    assert np.mean(characters < 3500) > 0.96
    lines = np.array([len(trace.programs[-1].splitlines()) for trace in traces])
    assert 9 <= np.median(lines) <= 15
    assert 20 <= np.mean(lines) <= 28
    assert np.mean(lines <= 120) > 0.95


def test_states_and_times(school) -> None:
    for trace in school[0]:
        assert trace.is_complete
        assert trace.programs
        assert all(program.strip() for program in trace.programs)
        assert all(before != after for before, after in pairwise(trace.programs))
        times = [time for time in trace.timestamps if time is not None]
        assert len(times) == len(trace.programs)
        assert all(before < after for before, after in pairwise(times))
        assert 2015 <= times[0].year <= 2024
        assert 7 <= times[0].hour <= 22
        assert parse_trace(format_trace(trace)) == trace


def test_a_students_traces_follow_each_other_through_a_term(school) -> None:
    traces = school[0]
    for before, after in pairwise(traces):
        if before.username == after.username:
            assert before.timestamps[-1] < after.timestamps[0]
    spans = [traces[i + 11].timestamps[0] - traces[i].timestamps[0] for i in range(0, len(traces), 12)]
    assert np.median([span.days for span in spans]) > 50


def test_titles_can_be_chosen() -> None:
    traces, _ = simulate(3, titles=["star", "dice"], assignments_per_student=5)
    assert [trace.title for trace in traces] == ["star", "dice"] * 3
    assert len({trace.title for trace in simulate(30, titles=7)[0]}) == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"students": 0}, "students"),
        ({"seed": -1}, "seed"),
        ({"assignments_per_student": 0}, "assignments_per_student"),
        ({"titles": ["nosuch", "star"]}, r"found \['nosuch'\], expected titles out of rectangle"),
        ({"titles": 1000}, "a number from 1 to"),
        ({"titles": "star"}, "titles"),
        ({"titles": []}, "titles"),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        simulate(**options)
