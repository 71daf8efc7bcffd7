from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pcutils.errors import DataError
from pcutils.sources import TRACE_SCHEMA, check, examine, load, write_table

Row = dict[str, Any]


def good_row() -> Row:
    return {
        "username": "made-up",
        "title": "square",
        "programs": ["fd 1", "fd 2"],
        "timestamps": ["2020-01-01T08:00:00", "2020-01-01T08:00:20"],
        "is_complete": True,
        "source": "simulated",
    }


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


PLANTED: dict[str, tuple[Callable[[Row], Any], str | None, str]] = {
    "no username": (lambda row: row | {"username": None}, "username", "nothing"),
    "empty title": (lambda row: row | {"title": ""}, "title", "an empty text"),
    "number as source": (lambda row: row | {"source": 3}, "source", "a number"),
    "missing column": (
        lambda row: {k: v for k, v in row.items() if k != "is_complete"},
        "is_complete",
        "nothing",
    ),
    "text as truth": (lambda row: row | {"is_complete": "yes"}, "is_complete", "a text"),
    "no states": (lambda row: row | {"programs": [], "timestamps": []}, "programs", "an empty list"),
    "endless": (lambda row: row | {"programs": ["fd 1", "x" * 10**7 + "y"]}, "programs", "10,000,001 charac"),
    "one text as states": (lambda row: row | {"programs": "fd 1"}, "programs", "a text"),
    "state that is null": (lambda row: row | {"programs": ["fd 1", None]}, "programs", "nothing as state 1"),
    "lone surrogate": (lambda row: row | {"programs": ["fd 1", "\ud83d"]}, "programs", "half a character"),
    "surrogate in title": (lambda row: row | {"title": "\udc22"}, "title", "half a character"),
    "too few times": (lambda row: row | {"timestamps": row["timestamps"][:1]}, "timestamps", "1 times"),
    "times as text": (lambda row: row | {"timestamps": "2020"}, "timestamps", "a text"),
    "no such date": (
        lambda row: row | {"timestamps": ["2020-13-01", None]},
        "timestamps",
        "no time, for state 0",
    ),
    "half a second": (
        lambda row: row | {"timestamps": ["2020-01-01T08:00:00.5", None]},
        "timestamps",
        "a part of a second, for state 0",
    ),
    "back in time": (
        lambda row: row | {"timestamps": row["timestamps"][::-1]},
        "timestamps",
        "state 1 before the one it follows",
    ),
    "no JSON": (lambda row: json.dumps(row)[:-9], None, "text that is no JSON"),
    "a list": (lambda row: [row], None, "a JSON list"),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_planted_row_is_found(tmp_path: Path, name: str) -> None:
    plant, field, found = PLANTED[name]
    path = write_lines(tmp_path / "rows.jsonl", [good_row(), plant(good_row()), good_row()])
    problems = check(path)
    assert [(problem.file, problem.row, problem.field) for problem in problems] == [(str(path), 1, field)]
    assert found in problems[0].found
    assert problems[0].expected
    assert "rows.jsonl, row 1" in str(problems[0])
    assert "fd 1" not in str(problems[0])


def test_every_bad_row_is_named_not_only_the_first(tmp_path: Path) -> None:
    rows = [plant(good_row()) for plant, _, _ in PLANTED.values()]
    path = tmp_path / "rows.jsonl.gz"
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in [good_row(), *rows])
    path.write_bytes(gzip.compress(text.encode()))
    assert {problem.row for problem in check(path)} == set(range(1, len(rows) + 1))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(good_row()).encode().replace(b"square", b"squ\xe9re") + b"\n")
    assert [(problem.row, problem.field) for problem in check(path)] == [(0, "title")]


def test_good_files_have_no_problems(tmp_path: Path) -> None:
    dataset = load("simulated", students=2)
    write_table(dataset, tmp_path / "traces.parquet")
    rows = [row | {"timestamps": [time.isoformat() for time in row["timestamps"]]} for row in dataset]
    write_lines(tmp_path / "traces.jsonl", rows)
    assert check(tmp_path) == []


def test_parquet_rows_and_columns(tmp_path: Path) -> None:
    table = load("simulated", students=1).data.table
    rows = table.to_pylist()
    rows[3]["programs"] = []
    rows[5]["timestamps"] = [*rows[5]["timestamps"][::-1], None]
    rows[7]["username"] = None
    pq.write_table(pa.Table.from_pylist(rows, schema=TRACE_SCHEMA), tmp_path / "rows.parquet")
    found = {(problem.row, problem.field) for problem in check(tmp_path / "rows.parquet")}
    assert found >= {(3, "programs"), (3, "timestamps"), (5, "timestamps"), (7, "username")}
    assert {row for row, _ in found} == {3, 5, 7}

    wrong = table.drop_columns(["title"]).set_column(0, "username", pa.array(range(len(table))))
    pq.write_table(wrong, tmp_path / "columns.parquet")
    found_there = [(problem.row, problem.field) for problem in check(tmp_path / "columns.parquet")]
    assert found_there == [(None, "username"), (None, "title")]

    (tmp_path / "text.parquet").write_text("no parquet")
    assert [problem.found for problem in check(tmp_path / "text.parquet")] == ["bytes that are no Parquet"]


def test_values_that_python_cannot_hold(tmp_path: Path) -> None:
    table = load("simulated", students=1).data.table.slice(0, 4)
    titles = pa.array([b"a", b"\xff", b"c", b"d"], pa.binary()).view(pa.string())
    table = table.set_column(1, "title", titles)
    far = pa.array([[0], [0], [2**45], [0]], pa.list_(pa.int64())).cast(TRACE_SCHEMA.field("timestamps").type)
    one = pa.array([["fd 1"]] * 4)
    table = table.set_column(2, "programs", one).set_column(3, "timestamps", far)
    pq.write_table(table, tmp_path / "odd.parquet")
    problems = check(tmp_path / "odd.parquet")
    assert [(problem.row, problem.field) for problem in problems] == [(1, None), (2, None)]


def test_damaged_files_are_reported_with_the_place(tmp_path: Path) -> None:
    text = "".join(json.dumps(good_row() | {"title": str(i)}) + "\n" for i in range(5000))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(text.encode())[:-2000])
    [problem] = check(tmp_path / "cut.jsonl.gz")
    assert problem.row is not None
    assert 0 < problem.row < 5000
    path = write_table(load("simulated", students=1), tmp_path / "whole.parquet")
    damaged = bytearray(path.read_bytes())
    damaged[200:1200] = b"\0" * 1000
    path.write_bytes(damaged)
    assert check(path)


def test_rollouts_may_run_backwards_in_time(tmp_path: Path) -> None:
    row = PLANTED["back in time"][0](good_row()) | {"source": "rollouts"}
    assert check(write_lines(tmp_path / "rows.jsonl", [row])) == []


def test_rollouts_file(tmp_path: Path) -> None:
    good = ["square<start>CODE 1 (2020-01-01 00:00:00):\nfd 1<|endoftext|>", "student", "square"]
    bad = [["nothing", "student", "square"], [good[0], "student"], {"text": good[0]}, [good[0], "", "square"]]
    bad += [[good[0], None, "square"], [good[0], "student", "\ud800"]]
    path = tmp_path / "all_square.json"
    path.write_text(json.dumps([good, *bad, good]))
    fields = ["programs", "row", "row", "username", "username", "title"]
    assert [(problem.row, problem.field) for problem in check(path)] == list(enumerate(fields, start=1))
    path.write_text("{")
    assert [problem.row for problem in check(path)] == [None]


def test_no_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        check(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="no file of traces"):
        check(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match=r"\*\.txt"):
        check(tmp_path / "notes.txt")


RUN = 'made-up - [04/Feb/2022:06:25:26 +0000] "GET /log/star?run&code=fd+100| HTTP/1.1" 200\n'
HUB_ROW = {"username": "made-up", "title": "star", "programs": ["fd 1"], "timestamps": [None]}


def test_logs_are_known_by_their_lines_plain_and_gzipped(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(f"something else\n{RUN}")
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(RUN.encode() * 2000)[:-9])
    plain, packed = examine(tmp_path)
    assert [(one.shape, len(one.problems)) for one in (plain, packed)] == [("logs", 1), ("logs", 1)]
    assert (plain.problems[0].row, plain.problems[0].field) == (0, "line")
    assert packed.problems[0].field == "file"
    assert "made-up" not in "".join(map(str, [*plain.problems, *packed.problems]))


def test_the_shape_of_the_hub_is_known_by_its_columns(tmp_path: Path) -> None:
    rows = [HUB_ROW, HUB_ROW | {"username": None}, HUB_ROW | {"programs": [" "]}]
    write_lines(tmp_path / "train.jsonl", rows)
    write_lines(tmp_path / "validation.jsonl", [HUB_ROW | {"title": "a"}, [1], HUB_ROW | {"title": "b"}])
    pq.write_table(pa.Table.from_pylist([HUB_ROW | {"title": "c"}, *rows[1:]]), tmp_path / "unseen.parquet")
    checked = list(examine(tmp_path))
    found = {Path(one.file).name: [(bad.row, bad.field) for bad in one.problems] for one in checked}
    assert found == {
        "train.jsonl": [(1, "username"), (2, "programs")],
        "unseen.parquet": [(1, "username"), (2, "programs")],
        "validation.jsonl": [(1, "row")],
    }
    assert {one.shape for one in checked} == {"hub"}


def test_a_folder_passes_over_what_it_does_not_know_and_says_so(tmp_path: Path) -> None:
    write_lines(tmp_path / "rows.jsonl", [good_row()])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden.jsonl").write_text("hello")
    shapes = {Path(one.file).name: one.shape for one in examine(tmp_path)}
    assert shapes == {"rows.jsonl": "table", "notes.txt": None}
