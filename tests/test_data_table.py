from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pcutils.data import TRACE_SCHEMA, load, read_table, to_dataset, traces_of, write_table
from pcutils.data.table import rows_to_dataset, trace_columns
from pcutils.errors import DataError
from pcutils.trace import Trace

TRACES = [
    Trace.from_states(
        ["fd 50", "fd 50\nrt 90", ""],
        [datetime(2020, 1, 2, 3, 4, 5), None, datetime(2020, 1, 2, 3, 5, 0)],
        title="square",
        username="made-up-1",
    ),
    Trace.from_states(
        ['write "\U0001f422 é\t|+%20"\r\n'], title="words", username="made-up-2", is_complete=False
    ),
]


def test_schema_is_the_one_of_the_design() -> None:
    columns = ["username", "title", "programs", "timestamps", "outcomes", "is_complete", "source"]
    assert TRACE_SCHEMA.names == columns
    for dataset in (to_dataset(TRACES, "logs"), to_dataset([], "logs"), load("simulated", students=2)):
        assert dataset.data.schema.remove_metadata().equals(TRACE_SCHEMA)


def test_round_trip_through_parquet(tmp_path: Path) -> None:
    dataset = load("simulated", students=3)
    path = write_table(dataset, tmp_path / "deep" / "traces.parquet")
    again = read_table(path)
    assert again.data.schema.remove_metadata().equals(TRACE_SCHEMA)
    assert again.to_list() == dataset.to_list()
    assert list(traces_of(again)) == list(traces_of(dataset))
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize("rows", [[], [1], [1, 0], [0, 0]])
def test_a_selection_is_written_as_it_is(tmp_path: Path, rows: list[int]) -> None:
    chosen = to_dataset(TRACES, "logs").select(rows)
    again = read_table(write_table(chosen, tmp_path / "traces.parquet"))
    assert list(traces_of(again)) == [TRACES[row] for row in rows]


@pytest.mark.parametrize(
    ("trace", "field"),
    [
        (Trace.from_states(["fd 1"], title="a"), "username"),
        (Trace.from_states(["fd 1"], username="made-up"), "title"),
        (Trace.from_states([], title="a", username="made-up"), "programs"),
    ],
)
def test_trace_without_a_value_names_row_and_field(trace: Trace, field: str) -> None:
    with pytest.raises(DataError, match=f"row 2, field '{field}'"):
        to_dataset([*TRACES, trace], "logs")


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(DataError, match=r"text\.parquet"):
        read_table(tmp_path / "text.parquet")
    table = to_dataset(TRACES, "logs").data.table
    pq.write_table(table.drop_columns(["title"]), tmp_path / "short.parquet")
    with pytest.raises(DataError, match=r"short\.parquet, field 'title': found no such column"):
        read_table(tmp_path / "short.parquet")
    wrong = table.set_column(2, "programs", pa.array([1, 2]))
    pq.write_table(wrong, tmp_path / "wrong.parquet")
    with pytest.raises(DataError, match="columns of other types"):
        read_table(tmp_path / "wrong.parquet")


def test_table_is_unpacked_once_and_anew_when_it_has_changed(tmp_path: Path) -> None:
    path = write_table(to_dataset(TRACES, "logs"), tmp_path / "t.parquet")
    chosen = read_table(path).select([0])
    assert read_table(path).cache_files == read_table(path).cache_files
    write_table(to_dataset(TRACES[1:], "logs"), path)
    assert list(traces_of(read_table(path))) == TRACES[1:]
    assert list(traces_of(chosen)) == TRACES[:1]
    assert list(traces_of(chosen.map(lambda row: row))) == TRACES[:1]


def test_outcomes_survive_and_where_a_table_has_none_they_are_unknown(tmp_path: Path) -> None:
    outcomes = (["error", None, "success"], None)
    table = rows_to_dataset(
        [{**trace_columns(trace), "outcomes": known} for trace, known in zip(TRACES, outcomes, strict=True)]
    )
    assert read_table(write_table(table, tmp_path / "t.parquet"))["outcomes"] == list(outcomes)
    pq.write_table(table.data.table.drop_columns(["outcomes"]), tmp_path / "old.parquet")
    again = read_table(tmp_path / "old.parquet")
    assert again["outcomes"] == [None, None]
    assert list(traces_of(again)) == TRACES
