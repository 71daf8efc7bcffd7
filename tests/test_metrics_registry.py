import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.errors import DataError, TraceError
from pcutils.metrics import (
    MEASURES,
    SUCCESS,
    States,
    compared_measures,
    corrected_metrics,
    error_episodes,
    measure,
    measure_trace,
    measure_values,
    state_outcome,
    trace_metrics,
)
from pcutils.trace import Trace, parse_trace

TRACE = Trace.from_states(["fd 5", "fd 6\n\nrt 90", "fd 7\n\nrt 90"])


@pytest.fixture
def blank_lines() -> Iterator[str]:
    @measure("blank lines at the end", unit="lines", kind="style", level="program", compared=True)
    def blank_lines_last(states: States) -> int:
        return sum(not line.strip() for line in states.last.splitlines())

    yield "blank_lines_last"
    del MEASURES["blank_lines_last"]


def test_a_new_measure_is_one_function(blank_lines: str) -> None:
    measures = measure_trace(TRACE)
    assert measures[blank_lines] == corrected_metrics(TRACE)[blank_lines] == 1
    assert blank_lines not in trace_metrics(TRACE, unknown_time_is_nan=True)
    assert (MEASURES[blank_lines].label, MEASURES[blank_lines].unit) == ("blank lines at the end", "lines")
    assert compared_measures()[-1] == blank_lines
    table = pd.DataFrame([measures, measures]).assign(is_complete=[True, False])
    assert measure_values(table, [blank_lines])[blank_lines].tolist() == pytest.approx(
        [1, np.nan], nan_ok=True
    )


def test_only_its_own_module_may_define_a_measure_again(blank_lines: str) -> None:
    register = partial(measure, "again", unit="lines", kind="style", level="program")
    register(name=blank_lines)(lambda states: 0)
    assert measure_trace(TRACE)[blank_lines] == 0
    with pytest.raises(DataError, match="num_comments_last"):
        register(name="num_comments_last")(lambda states: 0)


def test_the_registry_has_the_paper_s_the_corrected_and_the_outcome_measures() -> None:
    paper, corrected = trace_metrics(TRACE, unknown_time_is_nan=True), corrected_metrics(TRACE)
    assert len(paper) == 44
    assert list(measure_trace(TRACE)) == [*paper, *corrected]
    with_outcomes = measure_trace(TRACE, ["name", "success", "success"])
    assert list(with_outcomes) == list(MEASURES)
    assert (with_outcomes["failing_share"], with_outcomes["recovery_share"]) == (1 / 3, 1.0)
    assert with_outcomes["final_runs"] is True
    for item in MEASURES.values():
        assert item.corrects is None or (MEASURES[item.corrects].is_paper and item.name in corrected)
        assert (item.kind == "time") == (item.unit == "seconds")


def test_a_correction_takes_the_place_of_the_paper_s_measure() -> None:
    paper, corrected = compared_measures(), compared_measures(corrected=True)
    assert len(paper) == len(corrected) == 26
    assert [MEASURES[name].level for name in paper] == [MEASURES[name].level for name in corrected]
    replaced = dict(zip(paper, corrected, strict=True))
    assert replaced["backtracking_ratio_all"] == "backtracking_share_levenshtein"
    assert replaced["trace_length_all"] == "trace_length_all"
    assert sum(old != new for old, new in replaced.items()) == 17


def test_what_cannot_be_measured_is_nan_or_refused() -> None:
    measures = measure_trace(Trace.from_states(["fd 5", "", "\n"]))
    assert math.isnan(measures["trace_length_all"])
    assert measures["comment_lines_last"] == 0
    with pytest.raises(TraceError, match="2 outcomes, expected 1"):
        measure_trace(Trace.from_states(["fd 5"]), ["success"] * 2)


def test_values_hide_cut_final_programs_and_shrink_long_times() -> None:
    columns = {"is_complete": [True, False, True], "total_time_all": [np.e - 1, -5.0, np.nan]}
    runs = pd.array([True, True, None], dtype="boolean")
    table = pd.DataFrame({**columns, "num_comments_last": [2, 3, 4], "final_runs": runs}, index=[7, 8, 9])
    values = measure_values(table, ["total_time_all", "num_comments_last", "final_runs"])
    assert values.index.tolist() == [7, 8, 9]
    assert values.to_numpy().tolist() == pytest.approx(
        np.array([[1, 2, 1], [0, np.nan, np.nan], [np.nan, 4, np.nan]]), nan_ok=True
    )
    with pytest.raises(DataError, match="trace_length_all"):
        measure_values(table, ["trace_length_all"])


START = datetime(2021, 3, 4, 10, 0, 0)


def trace_of(*programs: str, seconds: int = 60, **options) -> Trace:
    times = [START + timedelta(seconds=seconds * i) for i in range(len(programs))]
    return Trace.from_states(programs, times, **options)


def test_backtracking_is_a_share_of_comparisons() -> None:
    there_and_back = trace_of("fd 5", "fd 5\nrt 90", "fd 5")
    assert corrected_metrics(there_and_back)["backtracking_share_levenshtein"] == 1.0
    assert trace_metrics(there_and_back)["backtracking_ratio_all"] == 0.5
    assert math.isnan(corrected_metrics(trace_of("fd 5", "fd 6"))["backtracking_share_levenshtein"])


def test_autojunk_makes_backtracking_out_of_coming_closer() -> None:
    # the second state is one letter from the last, but no letter they share is rare enough to start a match
    body = "\n" + "fd 5\n" * 40
    trace = trace_of("z" + body + "rt 45678", "#" + body, "z" + body)
    measures = corrected_metrics(trace)
    assert trace_metrics(trace)["backtracking_ratio_all"] == 0.5
    assert measures["backtracking_ratio_no_autojunk"] == measures["backtracking_share_levenshtein"] == 0.0


def test_times_leave_breaks_out() -> None:
    times = [START + timedelta(minutes=minutes) for minutes in (0, 2, 1440, 1380)]
    measures = corrected_metrics(Trace.from_states("abcde", [*times, None]))
    assert measures["working_seconds"] == measures["median_gap_seconds"] == 120.0
    assert math.isnan(corrected_metrics(Trace.from_states(["a"]))["working_seconds"])


def test_last_state_by_hand() -> None:
    program = 'square = (n) -> box red, n # a box\nwrite "# await"\nlabel "turtle"'
    measures = corrected_metrics(trace_of(program))
    assert measures["comment_lines_last"] == measures["named_functions_last"] == 1
    assert measures["distinct_colors_last"] == 1
    words = [measures[f"{word}_in_code_last"] for word in ("box", "await", "turtle")]
    assert words == [1, 0, 0]
    assert math.isnan(measures["lines_added_per_step"])


def test_steps_are_counted_per_step() -> None:
    measures = corrected_metrics(trace_of("fd 5", "fd 6", "fd 6\na\nb\nc\nd\ne"))
    assert measures["lines_added_per_step"] == 2.5
    assert measures["number_changes_per_step"] == 0.5


def test_a_trace_without_states_is_refused() -> None:
    with pytest.raises(TraceError, match="field 'programs': found a trace without states"):
        corrected_metrics(parse_trace("nothing"))


OUTCOMES = [SUCCESS, "name", "name", "type", SUCCESS, "compile", SUCCESS, "timeout", "limit"]


def test_outcome_is_the_kind_of_error_or_the_status() -> None:
    statuses = [("success", None), ("error", "type"), ("error", None), ("limit", None)]
    assert [state_outcome(*one) for one in statuses] == ["success", "type", "other", "limit"]


def test_episodes_end_at_the_next_state_that_runs() -> None:
    assert error_episodes(OUTCOMES) == [
        (1, 3, True, ("name", "name", "type")),
        (5, 1, True, ("compile",)),
        (7, 1, False, ("timeout", "limit")),
    ]


@pytest.mark.parametrize(
    ("outcomes", "failing", "recovery", "runs"),
    [
        # Five failing states have a next one; two of those next ones run.
        (OUTCOMES, 6 / 9, 2 / 5, False),
        ([SUCCESS, SUCCESS, "name"], 1 / 3, math.nan, False),
        (["name", SUCCESS], 1 / 2, 1.0, True),
    ],
)
def test_shares_of_failing_and_of_recovering_states(
    outcomes: list[str], failing: float, recovery: float, runs: bool
) -> None:
    measures = measure_trace(Trace.from_states(["fd 1"] * len(outcomes)), outcomes)
    found = [measures[name] for name in ("failing_share", "recovery_share", "final_runs")]
    assert found == pytest.approx([failing, recovery, runs], nan_ok=True)


@given(st.lists(st.sampled_from([SUCCESS, "name", "compile"]), min_size=1))
def test_episodes_hold_every_failing_state_once(outcomes: list[str]) -> None:
    episodes = error_episodes(outcomes)
    failing = [place for place, outcome in enumerate(outcomes) if outcome != SUCCESS]
    assert failing == [episode.start + step for episode in episodes for step in range(len(episode.kinds))]
    assert all(episode.attempts == len(episode.kinds) - (not episode.recovered) for episode in episodes)
    assert not any(episode.recovered is False for episode in episodes[:-1])
