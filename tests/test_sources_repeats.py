from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from pcutils.sources import check, load_with_quarantine
from pcutils.sources.load import SOURCES, Read, Reading
from pcutils.sources.repeats import SAME_TRACE, SECOND_OF_PAIR, Repeats
from pcutils.trace import Trace


def trace(*programs: str, title: str = "star", username: str = "made-up", minute: int | None = None) -> Trace:
    times = None if minute is None else [datetime(2022, 2, 4, 6, minute)] * len(programs)
    return Trace.from_states(list(programs), times, title=title, username=username)


def test_a_trace_is_the_same_only_if_all_of_it_is() -> None:
    first = trace("fd 1", "fd 2", minute=1)
    others = [
        trace("fd 1", "fd 2", minute=2),
        trace("fd 1", "fd 2"),
        trace("fd 1fd 2", minute=1),
        trace("fd 2", "fd 1", minute=1),
        trace("fd 1", "fd 2", minute=1, title="starmade-up", username="s"),
        trace("fd 1", "fd 2", minute=1, username="another"),
    ]
    repeats = Repeats()
    assert [repeats.problem(one) for one in (first, *others)] == [None] * 7
    assert [repeats.problem(one) for one in (first, *others)] == [SAME_TRACE] * 7


def test_a_pair_is_known_whatever_its_programs_are() -> None:
    repeats = Repeats(one_a_pair=True)
    assert repeats.problem(trace("fd 1")) is None
    assert repeats.problem(trace("fd 2", minute=5)) == SECOND_OF_PAIR
    assert repeats.problem(trace("fd 1", username="made", title="-upstar")) is None
    assert repeats.problem(trace("fd 1", title="\ud800")) is None


def test_little_is_kept_of_each_trace() -> None:
    repeats, many = Repeats(one_a_pair=True), 50_000
    for number in range(many):
        assert repeats.problem(trace("fd 1", username=f"made-up-{number}")) is None
    kept = sys.getsizeof(repeats._seen) + sum(map(sys.getsizeof, repeats._seen))
    assert kept / many < 80


@pytest.mark.parametrize(
    ("source", "aside"), [("logs", 1), ("progsnap2", 1), ("rollouts", 0), ("simulated", 0)]
)
def test_sources_but_those_of_samples_have_each_trace_once(
    monkeypatch: pytest.MonkeyPatch, source: str, aside: int
) -> None:
    def same(traces: Iterable[Trace]) -> Reading:
        return Reading(map(Read, traces))

    monkeypatch.setitem(SOURCES, source, same)
    traces = [trace("fd 1"), trace("fd 2"), trace("fd 1")]
    loaded = load_with_quarantine(source, traces=traces)
    assert len(loaded.dataset) == 3 - aside
    assert [(bad.row, bad.field, bad.found) for bad in loaded.quarantined] == [(2, *SAME_TRACE[:2])] * aside


def test_check_names_second_traces_of_a_pair_over_all_files_of_a_folder(tmp_path: Path) -> None:
    line = '{"username": "%s", "title": "star", "programs": ["fd %d"], "timestamps": [null]}\n'
    (tmp_path / "train.jsonl").write_text(line % ("made-up", 1) + line % ("made-up", 2))
    (tmp_path / "validation.jsonl").write_text(line % ("another", 1) + line % ("made-up", 3))
    problems = [(Path(one.file).name, one.row, one.field, one.found) for one in check(tmp_path)]
    again = ("title", "a second trace of this student and title")
    assert problems == [("train.jsonl", 1, *again), ("validation.jsonl", 1, *again)]
    assert not check(tmp_path / "validation.jsonl")
