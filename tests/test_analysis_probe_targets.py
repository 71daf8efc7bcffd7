from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from pcutils.analysis.probe_targets import (
    COUNTED,
    PREFIX_TARGETS,
    STUDENT_TARGETS,
    failing_programs,
    log_seconds,
    prefix_table,
    student_table,
    title_shares,
)
from pcutils.analysis.properties import PROPERTIES
from pcutils.execution import program_hash
from pcutils.trace import Trace

START = datetime(2024, 5, 6, 9, 30)


def make_trace(programs: list[str], seconds: list[int], **fields: object) -> Trace:
    times = [START + timedelta(seconds=gap) for gap in seconds]
    return Trace.from_states(programs, times, title="line", username="a", **fields)


def test_prefix_table_on_a_trace_worked_out_by_hand() -> None:
    programs = [
        "fd 10\n",
        "fd 10\nbk 20\nrt 90\n",
        "fd 10\nbk 20\nrt 90\npen red, 5\nfdd 7\n",
        "fd 10\nbk 20\n",
    ]
    fails = {program_hash(program): "fdd" in program for program in programs}
    table = prefix_table([make_trace(programs, [0, 30, 45, 145])], fails)
    assert list(table["place"]) == [0, 1, 2]
    assert np.expm1(table["attempts_remaining"]).to_list() == pytest.approx([3, 2, 1])
    assert np.expm1(table["time_remaining"]).to_list() == pytest.approx([145, 115, 100])
    assert list(table["backtracks"]) == [0, 1, 0]
    assert list(table["next_kind"]) == ["adds lines", "adds lines", "deletes lines"]
    assert list(table["next_fails"]) == [0, 1, 0]
    assert list(table["fails"]) == [0, 0, 1]
    assert table["next_recovers"].fillna(-1).to_list() == [-1, -1, 1]
    assert np.expm1(table["log_seconds_before"]).to_list() == pytest.approx([0, 30, 15])
    assert table["log_size_before"].iloc[1:].to_numpy() == pytest.approx(table["next_size"].iloc[:-1])


def test_what_is_counted_does_not_look_ahead() -> None:
    """Another ending changes the targets and none of the counted features."""
    one = prefix_table([make_trace(["a", "a b", "a b c"], [0, 5, 9])], {})
    other = prefix_table([make_trace(["a", "a b", "x" * 90, "y"], [0, 5, 700, 900])], {})
    pd.testing.assert_frame_equal(one.loc[0:1, list(COUNTED)], other.loc[0:1, list(COUNTED)])
    assert one.loc[0, "attempts_remaining"] != other.loc[0, "attempts_remaining"]


def test_cut_traces_and_unknown_times() -> None:
    cut = make_trace(["a", "b"], [0, 1], is_complete=False)
    timeless = Trace.from_states(["a", "b"], title="line", username="a")
    table = prefix_table([cut, timeless], {})
    assert list(table["trace"]) == [1]
    assert table["time_remaining"].isna().all()
    assert {target.name for target in PREFIX_TARGETS} < set(table.columns)
    assert len(prefix_table([], {})) == 0


def test_seconds_never_go_backwards() -> None:
    assert log_seconds(START, START - timedelta(days=1)) == 0
    assert np.isnan(log_seconds(None, START))


def test_everything_but_success_fails() -> None:
    programs = pd.DataFrame(
        {"program_hash": list("abcd"), "status": ["success", "error", "timeout", "limit"]}
    )
    assert failing_programs(programs) == {"a": False, "b": True, "c": True, "d": True}


def test_student_table_averages_and_leaves_out_those_with_few_traces() -> None:
    measures = pd.DataFrame(
        {"username": ["a", "a", "a", "b"], "title": ["x", "y", "x", "x"], "is_complete": True}
    )
    for item in PROPERTIES:
        measures[item.column] = [1.0, 2.0, 6.0, 4.0]
    table = student_table(measures, min_traces=2)
    assert list(table.index) == ["a"]
    assert table.loc["a", "traces"] == 3
    assert table.loc["a", "attempts"] == pytest.approx(3)
    assert {target.name for target in STUDENT_TARGETS} < set(table.columns)
    shares = title_shares(measures)
    assert shares.loc["a"].to_dict() == pytest.approx({"x": 2 / 3, "y": 1 / 3})
