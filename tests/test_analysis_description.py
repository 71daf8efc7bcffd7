"""What the first chapter reads from a run's tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pcutils.analysis import description, style
from pcutils.analysis.examples import example_trace
from pcutils.analysis.paper import paper_fact
from pcutils.analysis.properties import CORRECTED, PROPERTIES
from pcutils.errors import DataError
from pcutils.execution import Executor, program_hash
from pcutils.metrics import corrected_metrics, trace_metrics
from pcutils.sources import to_dataset
from pcutils.trace import Trace

START = datetime(2020, 5, 4, 9)


def trace(username: str, title: str, programs: list[str], *, clock: bool = True, whole: bool = True) -> Trace:
    moments = [START + timedelta(minutes=place) if clock else None for place in range(len(programs))]
    return Trace.from_states(programs, moments, username=username, title=title, is_complete=whole)


TRACES = [
    trace("a", "house", ["fd 1", "fd 1\nfdd 2", "fd 1\nfd 2"]),
    trace("a", "dots", ["dot red"]),
    trace("b", "house", ["fd 1", "oops("], clock=False, whole=False),
]
PROGRAMS = pd.DataFrame(
    {
        "program_hash": [
            program_hash(text) for text in ("fd 1", "fd 1\nfdd 2", "fd 1\nfd 2", "dot red", "oops(")
        ],
        "status": ["success", "error", "success", "success", "error"],
        "error_kind": [None, "name", None, None, "compile"],
        "language": ["coffee", "coffee", "coffee", "js", "coffee"],
    }
)


@pytest.fixture(scope="module")
def states() -> pd.DataFrame:
    return description.state_table(to_dataset(TRACES, "simulated"), PROGRAMS)


def test_traces_are_counted() -> None:
    counted = description.facts(description.trace_table(to_dataset(TRACES, "simulated")))
    complete = counted.pop("complete")
    assert counted == {
        "students": 2,
        "titles": 2,
        "traces": 3,
        "states": 6,
        "traces_per_student": 1.5,
        "first_year": 2020,
        "last_year": 2020,
    }
    assert complete.value == pytest.approx(2 / 3)


def test_states_know_their_place_time_and_end(states: pd.DataFrame) -> None:
    first, between, last = description.POSITIONS
    assert states["position"].tolist() == [first, between, last, last, first, last]
    assert states["outcome"].tolist() == ["success", "name", "success", "success", "success", "compile"]
    assert states["lines"].tolist() == [1, 2, 2, 1, 1, 1]
    assert states["gap_seconds"].fillna(-1).tolist() == [-1, 60, 60, -1, -1, -1]
    assert "programs" not in states


def test_outcome_shares_add_up_in_each_place(states: pd.DataFrame) -> None:
    shares = description.outcome_shares(states, resamples=50)
    assert shares.groupby("position")["value"].sum().tolist() == pytest.approx([1, 1, 1])
    last = shares[(shares["position"] == description.POSITIONS[-1]) & (shares["outcome"] == "compile")]
    assert last["value"].item() == pytest.approx(1 / 3)


def test_paper_stands_beside_the_run_without_a_year_where_no_clock_is_known() -> None:
    table = description.trace_table(to_dataset(TRACES[2:], "simulated"))
    beside = description.beside_paper(description.facts(table), "made-up students")
    assert beside.set_index("").loc["years"].tolist() == ["unknown", "2015 to 2024"]
    assert beside.columns[1] == "this run: made-up students"
    with pytest.raises(DataError, match="no fact 'moons'"):
        paper_fact("moons")


def measures_of(students: int, per_student: int, *, habit: float, seed: int = 0) -> pd.DataFrame:
    """Every property is the student's habit plus noise."""
    generator = np.random.default_rng(seed)
    owners = np.repeat(np.arange(students), per_student)
    tendency = habit * generator.normal(size=students)[owners]
    columns = {item.column: tendency + generator.normal(size=len(owners)) for item in PROPERTIES}
    names = {
        "username": [f"s{owner}" for owner in owners],
        "title": generator.choice(list("xyz"), len(owners)),
    }
    return pd.DataFrame(names | columns | {"is_complete": True, "row": np.arange(len(owners))})


def test_edit_shares_add_up() -> None:
    measures = pd.DataFrame({name: [place + 1, 0] for place, name in enumerate(description.EDIT_KINDS)})
    shares = description.edit_shares(measures.assign(username=["a", "b"]), resamples=20)
    assert shares["value"].tolist() == pytest.approx([place / 15 for place in range(1, 6)])


def test_a_habit_shows_between_halves_and_chance_does_not() -> None:
    habit = style.style_reliability(measures_of(80, 10, habit=1.0), resamples=100).set_index("property")
    chance = style.style_reliability(measures_of(80, 10, habit=0.0), resamples=100).set_index("property")
    # Ten traces in two halves of five: variance 1 of the habit against 1/5 of noise gives 1 / 1.2.
    assert habit.loc["comments", "value"] == pytest.approx(1 / 1.2, abs=0.1)
    assert habit.loc["comments", "low"] > 0.5
    assert abs(chance["value"].mean()) < 0.1


def test_students_with_few_traces_have_no_halves() -> None:
    reliable = style.style_reliability(measures_of(10, 2, habit=1.0), fewest=4, resamples=10)
    assert reliable["value"].isna().all()
    assert reliable["reason"].str.contains("fewer than three").all()


def test_the_shortcut_counts_in_long_programs_only() -> None:
    measures = pd.DataFrame(
        {
            "row": [0, 1, 2],
            "username": ["a", "b", "c"],
            "trace_length_all": [3, 3, 2],
            "backtracking_ratio_all": [0.5, 0.5, 0.0],
            "backtracking_ratio_no_autojunk": [0.5, 0.25, 0.0],
            "backtracking_share_levenshtein": [1.0, 0.5, np.nan],
        }
    )
    states = pd.DataFrame({"row": [0, 1, 1, 2], "characters": [50, 10, 300, 300]})
    effect, traces = style.shortcut_effect(measures, states)
    assert (effect.value, traces) == (0.25, 1)
    rulers = style.rulers_by_length(measures, states, resamples=10)
    assert rulers.groupby("length")["traces"].first().to_dict() == {
        "100 to 199": 0,
        "200 and more": 1,
        "under 100": 1,
    }


def test_every_property_is_measured_by_both_definitions() -> None:
    one = TRACES[0]
    columns = {**trace_metrics(one), **corrected_metrics(one), "final_runs": True, "failing_share": 0.0}
    columns["recovery_share"] = 0.5
    assert {item.column for item in (*PROPERTIES, *CORRECTED)} <= set(columns)
    assert [item.name for item in CORRECTED] == [item.name for item in PROPERTIES]


@pytest.mark.parametrize("may_show", [True, False])
def test_example_fails_in_the_middle_and_draws_at_the_end(may_show: bool) -> None:
    good = trace("a", "t", ["pen red", "fd 9", "fdd 9", "pen red\nfd 9\nrt 90\nfd 9\ndot blue\nfd 5"])
    dull = trace("b", "t", ["fd 1", "fd 2", "fd 3", "fd 4"])
    run = SimpleNamespace(
        may_show_programs=may_show,
        may_show=lambda text: True,
        traces=lambda: to_dataset([dull, good], "simulated"),
    )
    with Executor(workers=1) as executor:
        found = example_trace(run, executor, fewest=4)
        results = list(executor.run(found.programs))
    assert (found == good) is may_show
    assert results[-1].status == "success"
    assert any(result.status != "success" for result in results[1:-1])


def test_no_fitting_example_is_an_error() -> None:
    run = SimpleNamespace(
        may_show_programs=True, may_show=lambda text: True, traces=lambda: to_dataset(TRACES, "simulated")
    )
    with Executor(workers=1) as executor, pytest.raises(DataError, match="no trace with a mistake"):
        example_trace(run, executor, fewest=4)
