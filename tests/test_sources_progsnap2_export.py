from __future__ import annotations

import csv
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.sources import check, load, load_with_quarantine, to_dataset, write_progsnap2
from pcutils.sources.progsnap2 import read_progsnap2
from pcutils.trace import Trace

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
odd = st.sampled_from(
    ["None", "nan", "false", "a,b", 'say "hi"', "\r", "\n", "\r\n", "\0", "=1+1", " ", "1.0", "\ufeff"]
)
program = odd | text | st.lists(odd | text, max_size=4).map("".join)
name = (odd | text).filter(lambda value: value not in ("", "UNKNOWN"))
moment = st.datetimes().map(lambda value: value.replace(microsecond=0))


@st.composite
def made_up_trace(draw: st.DrawFn) -> Trace:
    programs = draw(st.lists(program, min_size=1, max_size=5))
    times = sorted(draw(st.lists(moment, min_size=len(programs), max_size=len(programs))))
    known = draw(st.lists(st.booleans(), min_size=len(programs), max_size=len(programs)))
    return Trace.from_states(
        programs,
        [time if is_known else None for time, is_known in zip(times, known, strict=True)],
        username=draw(name),
        title=draw(name),
        is_complete=draw(st.booleans()),
    )


def there_and_back(dataset: Dataset, representation: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_progsnap2(dataset, Path(folder) / "data", representation=representation)
        loaded = load_with_quarantine("progsnap2", path=path)
        assert check(path) == []
    assert loaded.quarantined == []
    assert loaded.dataset.data.table.equals(dataset.data.table)


def all_but_the_end(trace: Trace) -> tuple[object, ...]:
    """What tells traces apart: a source that has the same one twice gives it once."""
    return trace.username, trace.title, trace.programs, trace.timestamps


different_traces = st.lists(made_up_trace(), min_size=1, max_size=6, unique_by=all_but_the_end)


@settings(max_examples=60)
@given(different_traces, st.sampled_from(["Table", "Directory"]))
def test_there_and_back_is_the_same_table(traces: list[Trace], representation: str) -> None:
    there_and_back(to_dataset(traces, "progsnap2"), representation)


def test_traces_of_one_student_and_title_stay_apart() -> None:
    traces = [Trace.from_states(["fd 1", "fd 1", f"fd {n}"], username="s", title="t") for n in range(3)]
    there_and_back(to_dataset(traces, "progsnap2"), "Table")


def test_the_same_trace_again_is_read_and_then_kept_aside(tmp_path: Path) -> None:
    traces = [Trace.from_states(["fd 1", "fd 1"], username="s", title="t") for _ in range(3)]
    folder = write_progsnap2(to_dataset(traces, "progsnap2"), tmp_path / "data")
    assert read_progsnap2(path=folder).traces == traces
    loaded = load_with_quarantine("progsnap2", path=folder)
    assert len(loaded.dataset) == 1
    assert [bad.found for bad in loaded.quarantined] == ["the same trace again"] * 2


@pytest.mark.parametrize("representation", ["Table", "Directory"])
def test_a_made_up_class_there_and_back(tmp_path: Path, representation: str) -> None:
    dataset = load("simulated", students=4)
    path = write_progsnap2(dataset, tmp_path / "deep" / "data", representation=representation)
    again = load("progsnap2", path=path)
    columns = [column for column in dataset.column_names if column != "source"]
    assert again.select_columns(columns).to_list() == dataset.select_columns(columns).to_list()
    assert set(again["source"]) == {"progsnap2"}
    assert list(tmp_path.rglob("*.part")) == []


def test_equal_programs_are_stored_once(tmp_path: Path) -> None:
    trace = Trace.from_states(["fd 1", "fd 2", "fd 1"], username="s", title="t")
    path = write_progsnap2(to_dataset([trace, trace], "logs"), tmp_path / "data")
    with (path / "CodeStates/CodeStates.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["CodeStateID", "Code"], ["0", "fd 1"], ["1", "fd 2"]]
    with (path / "MainTable.csv").open(newline="") as file:
        assert [row["CodeStateID"] for row in csv.DictReader(file)] == ["0", "1", "0"] * 2


def test_times_that_run_backwards_are_refused_or_left_out(tmp_path: Path) -> None:
    times = [datetime(2020, 1, 2), datetime(2020, 1, 1)]
    dataset = to_dataset([Trace.from_states(["a", "b"], times, username="s", title="t")], "rollouts")
    with pytest.raises(DataError, match=r"row 0, field 'timestamps'.*times=False"):
        write_progsnap2(dataset, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
    [row] = load("progsnap2", path=write_progsnap2(dataset, tmp_path / "data", times=False)).to_list()
    assert (row["programs"], row["timestamps"]) == (["a", "b"], [None, None])


@pytest.mark.parametrize(
    ("field", "value"), [("username", "UNKNOWN"), ("title", ""), ("programs", ["\ud800"])]
)
def test_rows_that_the_format_cannot_hold(tmp_path: Path, field: str, value: object) -> None:
    row = {
        "username": "s",
        "title": "t",
        "programs": ["a"],
        "timestamps": [None],
        "is_complete": True,
        field: value,
    }
    with pytest.raises(DataError, match=f"row 0, field '{field}'"):
        write_progsnap2([row], tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    dataset = load("simulated", students=1)
    (tmp_path / "data").mkdir()
    write_progsnap2(dataset, tmp_path / "data")
    with pytest.raises(DataError, match="holds something"):
        write_progsnap2(dataset, tmp_path / "data")
    with pytest.raises(DataError, match="field 'representation'"):
        write_progsnap2(dataset, tmp_path / "other", representation="Git")
