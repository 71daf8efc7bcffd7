from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest

from pcutils.errors import TraceError
from pcutils.metrics import (
    PAPER_COUNTERPARTS,
    backtracking_share,
    corrected_metrics,
    trace_metrics,
    working_seconds,
)
from pcutils.trace import Trace, parse_trace

START = datetime(2021, 3, 4, 10, 0, 0)


def trace_of(*programs: str, seconds: int = 60, **options) -> Trace:
    times = [START + timedelta(seconds=seconds * i) for i in range(len(programs))]
    return Trace.from_states(programs, times, **options)


def test_every_counterpart_is_a_measure() -> None:
    trace = trace_of("fd 5", "fd 6", "fd 7")
    corrected, paper = corrected_metrics(trace), trace_metrics(trace)
    assert PAPER_COUNTERPARTS.keys() <= corrected.keys()
    assert set(PAPER_COUNTERPARTS.values()) <= paper.keys()
    assert not corrected.keys() & paper.keys()


def test_backtracking_is_a_share_of_comparisons() -> None:
    there_and_back = ("fd 5", "fd 5\nrt 90", "fd 5")
    assert backtracking_share(there_and_back) == 1.0
    assert trace_metrics(trace_of(*there_and_back))["backtracking_ratio_all"] == 0.5
    assert math.isnan(backtracking_share(["fd 5", "fd 6"]))


def test_autojunk_makes_backtracking_out_of_coming_closer() -> None:
    # the second state is one letter from the last, but no letter they share is rare enough to start a match
    body = "\n" + "fd 5\n" * 40
    trace = trace_of("z" + body + "rt 45678", "#" + body, "z" + body)
    measures = corrected_metrics(trace)
    assert trace_metrics(trace)["backtracking_ratio_all"] == 0.5
    assert measures["backtracking_ratio_no_autojunk"] == measures["backtracking_share_levenshtein"] == 0.0
    assert measures["mean_levenshtein_to_last"] == 4.5


def test_times_leave_breaks_out() -> None:
    times = [
        START,
        START + timedelta(minutes=2),
        START + timedelta(days=1),
        START + timedelta(hours=23),
        None,
    ]
    assert working_seconds(times) == 120.0
    measures = corrected_metrics(Trace.from_states(["a", "b", "c", "d", "e"], times))
    assert measures["median_gap_seconds"] == 120.0
    assert math.isnan(corrected_metrics(Trace.from_states(["a"]))["working_seconds"])


def test_last_state_by_hand() -> None:
    program = 'square = (n) -> box red, n # a box\nwrite "# await"\nlabel "turtle"'
    measures = corrected_metrics(trace_of(program))
    assert measures["comment_lines_last"] == measures["named_functions_last"] == 1
    assert measures["function_literals_last"] == measures["distinct_colors_last"] == 1
    assert (
        measures["box_in_code_last"],
        measures["await_in_code_last"],
        measures["turtle_in_code_last"],
    ) == (1, 0, 0)
    assert math.isnan(measures["lines_added_per_step"])


def test_steps_are_counted_per_step() -> None:
    measures = corrected_metrics(trace_of("fd 5", "fd 6", "fd 6\na\nb\nc\nd\ne"))
    assert measures["lines_added_per_step"] == 2.5
    assert measures["number_changes_per_step"] == measures["large_step_share"] == 0.5


def test_a_cut_trace_says_that_its_last_state_is_not_final() -> None:
    start = "CODE 1 (2020-01-01 00:00:01):\nfd 50\nCODE 2 (2020-01-01 00:00:02):\nfd 60"
    assert corrected_metrics(parse_trace(start))["last_is_final"] == 0
    assert corrected_metrics(parse_trace(start + "<|endoftext|>"))["last_is_final"] == 1


def test_a_trace_without_states_is_refused() -> None:
    with pytest.raises(TraceError, match="field 'programs': found a trace without states"):
        corrected_metrics(parse_trace("nothing"))
