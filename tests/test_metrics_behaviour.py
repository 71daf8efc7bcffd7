from __future__ import annotations

import difflib
import json
import math
from datetime import datetime
from pathlib import Path

import pytest

from pcutils.errors import TraceError
from pcutils.metrics import backtracking_ratio, reference_bleu, self_bleu, self_jaccard, trace_metrics
from pcutils.trace import Trace, format_trace, parse_trace

SAMPLE = json.loads((Path(__file__).parent / "data" / "made_up_traces.json").read_text(encoding="utf-8"))
NAMES = [case["name"] for case in SAMPLE["traces"]]
START = datetime(2021, 3, 4, 10, 0, 0)


@pytest.fixture
def no_difflib(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the interpreter's difflib was asked")

    monkeypatch.setattr(difflib, "Differ", refuse)
    monkeypatch.setattr(difflib, "SequenceMatcher", refuse)


@pytest.mark.parametrize("case", SAMPLE["traces"], ids=NAMES)
@pytest.mark.usefixtures("no_difflib")
def test_made_up_trace_has_the_recorded_measures(case: dict) -> None:
    trace = parse_trace(case["text"])
    measures = trace_metrics(trace)
    assert list(measures) == SAMPLE["measures"]
    assert measures == dict(zip(SAMPLE["measures"], case["values"], strict=True))
    assert trace_metrics(parse_trace(format_trace(trace))) == measures


@pytest.mark.parametrize("case", SAMPLE["traces"], ids=NAMES)
def test_a_table_row_measures_like_the_text_it_becomes(case: dict) -> None:
    trace = parse_trace(case["text"])
    row = Trace.from_states(trace.programs, trace.timestamps, title="made-up", is_complete=trace.is_complete)
    assert trace_metrics(row) == trace_metrics(parse_trace(format_trace(row)))


def test_made_up_final_programs_have_the_recorded_likeness() -> None:
    finals = [parse_trace(case["text"]).programs[-1] for case in SAMPLE["traces"]]
    half = len(finals) // 2
    assert SAMPLE["final_programs"] == {
        "self_bleu": self_bleu(finals),
        "self_jaccard": self_jaccard(finals),
        "reference_bleu": reference_bleu(finals[:half], finals[half:]),
    }


def test_hand_computed_trace() -> None:
    moments = [START, START.replace(second=30), START.replace(minute=2)]
    measures = trace_metrics(
        Trace.from_states(["box red", "# a\nbox red\nbox tan", "# a\nf = -> box red"], moments)
    )
    assert measures["trace_year_last"] == 2021
    assert (measures["mean_time_diff_all"], measures["total_time_all"]) == (60.0, 120.0)
    assert (measures["num_functions_last"], measures["num_comments_last"]) == (1, 1)
    assert measures["sum_num_occurrences_box_all"] == 4
    assert measures["mean_num_functions_all"] == 1 / 3
    assert (measures["edit_sum_lines_added_all"], measures["edit_sum_lines_deleted_all"]) == (3, 2)
    assert measures["edit_sum_comment_additions_all"] == measures["edit_sum_function_additions_all"] == 1
    assert measures["edit_mean_num_small_add_all"] == 2 / 3


@pytest.mark.parametrize(
    ("distances", "expected"),
    [([], 0.0), ([7], 0.0), ([1, 2, 3], 2 / 3), ([3, 3, 1], 0.0), ([1, 2, 1, 5], 0.5)],
)
def test_backtracking_ratio(distances: list[int], expected: float) -> None:
    assert backtracking_ratio(distances) == expected


def test_unknown_times_stop_or_become_nan() -> None:
    trace = Trace.from_states(["fd 5", "fd 6"], [None, START])
    with pytest.raises(TraceError, match="row 0, field 'timestamps'"):
        trace_metrics(trace)
    measures = trace_metrics(trace, unknown_time_is_nan=True)
    assert measures["trace_year_last"] == 2021
    assert math.isnan(measures["total_time_all"])
    assert math.isnan(measures["mean_time_diff_all"])


@pytest.mark.parametrize("programs", [[], [" \n"], ["fd 5", "", "\n"]])
def test_a_trace_without_a_last_state_is_refused(programs: list[str]) -> None:
    with pytest.raises(TraceError, match="without text in the last one"):
        trace_metrics(Trace.from_states(programs, [START] * len(programs)))


def test_a_blank_last_state_is_left_out() -> None:
    measures = trace_metrics(Trace.from_states(["fd 5", "fd 6", " "], [START] * 3))
    assert (measures["trace_length_all"], measures["program_number_last"]) == (2, 2)
