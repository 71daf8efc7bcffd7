import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pcutils.data import check, examine, load, write_table
from pcutils.errors import DataError

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


PLANTED: dict[str, tuple[Callable[[Row], Any], str, str]] = {
    "no username": (lambda row: row | {"username": None}, "username", "nothing"),
    "empty title": (lambda row: row | {"title": ""}, "title", "an empty text"),
    "missing column": (lambda row: {k: v for k, v in row.items() if k != "title"}, "title", "no such field"),
    "text as truth": (lambda row: row | {"is_complete": "yes"}, "is_complete", "a text"),
    "no states": (lambda row: row | {"programs": [], "timestamps": []}, "programs", "an empty list"),
    "endless": (lambda row: row | {"programs": ["fd 1", "x" * 10**7 + "y"]}, "programs", "10,000,001 charac"),
    "one text as states": (lambda row: row | {"programs": "fd 1"}, "programs", "a text"),
    "number as state": (lambda row: row | {"programs": ["fd 1", 2]}, "programs", "a number as state 1"),
    "lone surrogate": (lambda row: row | {"programs": ["fd 1", "\ud83d"]}, "programs", "half a character"),
    "surrogate in title": (lambda row: row | {"title": "\udc22"}, "title", "half a character"),
    "too few times": (lambda row: row | {"timestamps": row["timestamps"][:1]}, "timestamps", "1 times"),
    "too few outcomes": (lambda row: row | {"outcomes": ["error"]}, "outcomes", "1 outcomes"),
    "times as text": (lambda row: row | {"timestamps": "2020"}, "timestamps", "a text"),
    "no such date": (lambda row: row | {"timestamps": ["2020-13-01", None]}, "timestamps", "no time"),
    "back in time": (
        lambda row: row | {"timestamps": row["timestamps"][::-1]},
        "timestamps",
        "state 1 before the one it follows",
    ),
    "blank states": (lambda row: row | {"programs": [None, " "]}, "programs", "blank states only"),
    "escapes": (lambda row: row | {"programs": ["fd+1|", "write+%FF|"]}, "programs", "percent escapes"),
    "no JSON": (lambda row: json.dumps(row)[:-9], "row", "text that is no JSON"),
    "a list": (lambda row: [row], "row", "a list"),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_planted_row_is_found(tmp_path: Path, name: str) -> None:
    plant, field, found = PLANTED[name]
    rows = [good_row(), plant(good_row() | {"title": "circle"}), good_row() | {"title": "star"}]
    path = write_lines(tmp_path / "rows.jsonl", rows)
    problems = check(path)
    assert [(problem.file, problem.row, problem.field) for problem in problems] == [("rows.jsonl", 1, field)]
    assert found in problems[0].found
    assert problems[0].expected
    assert "rows.jsonl, row 1" in str(problems[0])
    assert "fd 1" not in str(problems[0])


def test_good_files_have_no_problems(tmp_path: Path) -> None:
    dataset = load("simulated", students=2)
    write_table(dataset, tmp_path / "traces.parquet")
    rows = [row | {"timestamps": [time.isoformat() for time in row["timestamps"]]} for row in dataset]
    write_lines(tmp_path / "traces.jsonl", rows)
    assert check(tmp_path / "traces.jsonl") == check(tmp_path / "traces.parquet") == []


def test_rollouts_file(tmp_path: Path) -> None:
    good = ["square<start>CODE 1 (2020-01-01 00:00:00):\nfd 1<|endoftext|>", "student", "square"]
    bad = [["nothing", "student", "square"], [good[0], "student"], {"text": good[0]}, [good[0], "", "square"]]
    bad += [[good[0], None, "square"], [good[0], "student", "\ud800"]]
    path = tmp_path / "all_square.json"
    path.write_text(json.dumps([good, *bad, good]))
    fields = ["programs", "row", "row", "username", "username", "title"]
    assert [(problem.row, problem.field) for problem in check(path)] == list(enumerate(fields, start=1))
    path.write_text("{")
    assert [(problem.row, problem.found) for problem in check(path)] == [(None, "text that is no JSON")]


def test_no_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        check(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="nothing that a source recognises"):
        check(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match="nothing that a source recognises"):
        check(tmp_path / "notes.txt")


RUN = 'made-up - [04/Feb/2022:06:25:26 +0000] "GET /log/star?run&code=fd+100| HTTP/1.1" 200\n'
HUB_ROW = {"username": "made-up", "title": "star", "programs": ["fd 1"], "timestamps": [None]}


def test_logs_are_known_by_their_lines_plain_and_gzipped(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(f"something else\n{RUN}")
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(RUN.encode() * 2000)[:-9])
    plain, packed = examine(tmp_path)
    assert [(one.source, len(one.rejected)) for one in (plain, packed)] == [("logs", 1), ("logs", 1)]
    assert (plain.rejected[0].row, plain.rejected[0].field) == (0, "line")
    assert packed.rejected[0].field == "file"
    assert "made-up" not in "".join(map(str, [*plain.rejected, *packed.rejected]))


def test_second_traces_of_a_pair_are_named_over_all_files_of_a_folder(tmp_path: Path) -> None:
    line = '{"username": "%s", "title": "star", "programs": ["fd %d"], "timestamps": [null]}\n'
    (tmp_path / "train.jsonl").write_text(line % ("made-up", 1) + line % ("made-up", 2))
    (tmp_path / "validation.jsonl").write_text(line % ("another", 1) + line % ("made-up", 3))
    problems = [(one.file, one.row, one.found) for one in check(tmp_path)]
    again = "a second trace of this student and title"
    assert problems == [("train.jsonl", 1, again), ("validation.jsonl", 1, again)]
    assert not check(tmp_path / "validation.jsonl")
