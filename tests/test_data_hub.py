import gzip
import http.server
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing import mutations
from reading import read_all

from pcutils.data import EVALUATION_SPLITS, load, options_of
from pcutils.data.rows import read_time
from pcutils.data.sources.hub import _published_rows, decoded
from pcutils.errors import DataError


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    made_up = {
        "username": f"made-up-{number}",
        "title": "star",
        "programs": [f"fd {number}", f"fd {number}\nrt 90"],
        "timestamps": ["2020-01-01 09:30:00", "2020-01-01 09:31:00"],
    }
    return made_up | changes


def as_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        row | {"timestamps": [datetime.fromisoformat(time) for time in row["timestamps"]]} for row in rows
    ]


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(as_times(rows)), path, row_group_size=7)


def write_json_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)


SHAPES: dict[str, tuple[str, Callable[[Path, list[dict[str, Any]]], None]]] = {
    "shards": ("data/{}-00000-of-00001.parquet", write_parquet),
    "folders": ("{}/part.parquet", write_parquet),
    "lines": ("{}.jsonl", write_json_lines),
    "packed lines": ("data/{}.jsonl.gz", write_json_lines),
}


@pytest.fixture(params=SHAPES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, write = SHAPES[request.param]
    for number, split in enumerate(("train", *EVALUATION_SPLITS)):
        rows = [record(10 * number + each) for each in range(number + 1)]
        write(tmp_path / "copy" / name.format(split), rows)
    return tmp_path / "copy"


def test_a_local_folder_becomes_the_table_with_its_splits(folder: Path) -> None:
    loaded = read_all("hub", path=folder)
    rows = loaded.dataset.to_list()
    expected = [number for number in range(50) if number % 10 <= number // 10]
    assert [row["username"] for row in rows] == [f"made-up-{number}" for number in expected]
    assert rows[0]["programs"] == ["fd 0", "fd 0\nrt 90"]
    assert rows[0]["timestamps"] == [datetime(2020, 1, 1, 9, 30), datetime(2020, 1, 1, 9, 31)]
    assert {row["source"] for row in rows} == {"hub"}
    assert all(row["is_complete"] for row in rows)
    assert not loaded.rejected
    names = ("train", *EVALUATION_SPLITS)
    assert list(loaded.published) == [names[number // 10] for number in expected]


@pytest.mark.parametrize("streaming", [False, True])
def test_splits_and_rows_can_be_chosen(folder: Path, streaming: bool) -> None:
    ask = {"path": folder, "streaming": streaming}
    one = load("hub", split="unseen_student_seen_title", **ask)
    assert one["username"] == ["made-up-20", "made-up-21", "made-up-22"]
    two = read_all("hub", split=["train", "seen_student_unseen_title"], limit=2, **ask)
    assert list(two.published) == ["train", "seen_student_unseen_title", "seen_student_unseen_title"]
    assert load("hub", repository=str(folder), split="train", streaming=streaming).num_rows == 1
    with pytest.raises(DataError, match="field 'split': found 'test', expected one of train, seen_student"):
        load("hub", split="test", **ask)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("shape", ["shards", "lines"])
def test_a_repository_is_read_through_datasets(
    shape: str, streaming: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder stands in for the repository: `datasets` finds the splits by the same file names."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    name, write = SHAPES[shape]
    write(tmp_path / "copy" / "data" / Path(name.format("train")).name, [record(1), record(2), record(3)])
    repository = str(tmp_path / "copy")
    options = options_of("hub", repository=repository, streaming=streaming, limit=2)
    rows = list(_published_rows(options))
    assert [(split, number) for split, _, number, _ in rows] == [("train", 0), ("train", 1)]
    records = [record for *_, record in rows]
    assert [record["username"] for record in records] == ["made-up-1", "made-up-2"]
    assert records[0]["programs"] == ["fd 1", "fd 1\nrt 90"]
    with pytest.raises(DataError, match="expected one of train"):
        list(_published_rows(options.model_copy(update={"split": "test"})))


SIGNS = "write i % 2 + ' | ' + (i | 4)  # 100 %, a+b, %41"
LOGGED = "write+i+%25+2+%2B+'+%7C+'+%2B+(i+%7C+4)++%23+100+%25%2C+a%2Bb%2C+%2541|"


@pytest.mark.parametrize(
    ("programs", "encoding", "expected"),
    [
        (["fd+10|", LOGGED], "auto", ["fd 10", SIGNS]),
        (["home()", "home()|fd+10|"], "auto", ["home()", "home()\nfd 10"]),
        (["fd 10", SIGNS], "auto", ["fd 10", SIGNS]),
        (["a+b|", "x + y"], "auto", ["a+b|", "x + y"]),
        (["x=a|b", "i++", "n%=30"], "auto", ["x=a|b", "i++", "n%=30"]),
        (["fd+10|"], "decoded", ["fd+10|"]),
        (["fd+10"], "encoded", ["fd 10"]),
    ],
)
def test_programs_in_the_log_encoding(programs: list[str], encoding: str, expected: list[str]) -> None:
    assert decoded(programs, encoding) == expected


def test_a_second_trace_of_a_pair_is_kept_aside_in_whatever_file(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "train.jsonl", [record(0), record(0, programs=["fd 7", "fd 8"]), record(1)])
    write_json_lines(tmp_path / "validation.jsonl", [record(1, username=""), record(0), record(1, title="b")])
    loaded = read_all("hub", path=tmp_path)
    assert loaded.dataset["title"] == ["star", "star", "b"]
    assert list(loaded.published) == ["train", "train", "validation"]
    found = [(bad.file, bad.row, bad.field) for bad in loaded.rejected]
    assert found == [
        ("train.jsonl", 1, "title"),
        ("validation.jsonl", 0, "username"),
        ("validation.jsonl", 1, "title"),
    ]
    assert loaded.rejected[0].found == "a second trace of this student and title"
    assert loaded.rejected[0].expected == "one trace a student and title"
    kept = read_all("hub", path=tmp_path, repeated_pairs="keep")
    assert len(kept.dataset) == 4
    assert [(bad.row, bad.found) for bad in kept.rejected][1:] == [(1, "the same trace again")]
    with pytest.raises(DataError, match="field 'repeated_pairs': found 'drop', expected 'reject' or 'keep'"):
        load("hub", path=tmp_path, repeated_pairs="drop")


def test_what_is_no_json_or_no_parquet_is_kept_aside(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "train.jsonl", [record(0)])
    with (tmp_path / "train.jsonl").open("ab") as file:
        file.write(b'{"username": \n\xff\xfe\n' + json.dumps(record(1)).encode())
    write_parquet(tmp_path / "validation.parquet", [record(number) for number in range(30)])
    whole = (tmp_path / "validation.parquet").read_bytes()
    (tmp_path / "validation.parquet").write_bytes(whole[: len(whole) // 2])
    packed = gzip.compress(json.dumps(record(3)).encode() * 500)
    (tmp_path / "unseen_student_seen_title.jsonl.gz").write_bytes(packed[:-20])
    loaded = read_all("hub", path=tmp_path)
    assert loaded.dataset["username"] == ["made-up-0", "made-up-1"]
    assert list(loaded.published) == ["train", "train"]
    assert [(bad.file, bad.row, bad.field) for bad in loaded.rejected] == [
        ("train.jsonl", 1, "row"),
        ("train.jsonl", 2, "row"),
        ("validation.parquet", 0, "file"),
        ("unseen_student_seen_title.jsonl.gz", 0, "file"),
    ]


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2022-02-04 06:25:26", datetime(2022, 2, 4, 6, 25, 26)),
        ("2022-02-04T07:25:26.999+01:00", datetime(2022, 2, 4, 6, 25, 26)),
        (1643955926, datetime(2022, 2, 4, 6, 25, 26)),
        (1643955926999, datetime(2022, 2, 4, 6, 25, 26)),
        (1643955926.5, datetime(2022, 2, 4, 6, 25, 26)),
        (None, None),
        ("", None),
        (math.nan, None),
        (datetime(2022, 2, 4, 6, 25, 26, 5), datetime(2022, 2, 4, 6, 25, 26)),
    ],
)
def test_times_are_read_in_every_way_of_writing(value: object, time: object) -> None:
    assert read_time(value) == time


class Gate:
    """A stand-in for the hub that lets nobody in; `asked` holds what for, and with which token."""

    def __init__(self, status: int, code: str) -> None:
        gate, self.asked = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gate.asked.append((self.path, self.headers.get("Authorization")))
                self.send_response(status)
                self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> Iterator[Gate]:
    gate = Gate(*request.param)
    yield gate
    gate.server.shutdown()
    gate.server.server_close()


def ask(gate: Gate, home: Path, options: str) -> str:
    tried = f"try: load('hub', {options})\nexcept Exception as error: print(type(error), error)"
    code = f"from pcutils.data import load\n{tried}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": gate.address, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("gate", [(401, "GatedRepo")], indirect=True)
def test_without_access_a_page_says_what_to_do_and_nothing_is_written(gate: Gate, tmp_path: Path) -> None:
    page = ask(gate, tmp_path, "")
    assert page.startswith("<class 'pcutils.errors.DataError'> pencil-code/anonymized_data: found no access")
    assert "somebody without a token" in page
    assert f"{gate.address}/datasets/pencil-code/anonymized_data" in page
    for words in (
        "non-commercial research",
        "not to try to find out who",
        "privacy",
        "HF_TOKEN",
        "simulated",
    ):
        assert words in page
    assert 20 <= page.count("\n") <= 60, "a page"
    assert gate.asked
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("gate", [(403, "GatedRepo")], indirect=True)
def test_a_token_without_access_is_told_so_and_not_shown(gate: Gate, tmp_path: Path) -> None:
    page = ask(gate, tmp_path, "token='hf_made_up', streaming=True, repository='a/b'")
    assert "or its owner has not been given access yet" in page
    assert "hf_made_up" not in page
    assert ("Bearer hf_made_up") in {token for _, token in gate.asked}


def test_mutated_json_lines_are_in_the_table_or_rejected(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    rows = [record(1), record(2, programs=["fd+10|", LOGGED]), record(3, timestamps=[0, 1643955926999])]
    for number, content in enumerate(mutations([json.dumps(row).encode() for row in rows])):
        twice = content + b"\n" + content
        path.write_bytes(twice)
        loaded = read_all("hub", path, repeated_pairs=("reject", "keep")[number % 2])
        lines = sum(bool(line.strip()) for line in twice.split(b"\n"))
        assert len(loaded.dataset) + len(loaded.rejected) == lines
        assert len(loaded.dataset) <= lines / 2, "no trace comes twice"
        json.dumps([asdict(row) for row in loaded.rejected]).encode("utf-8")


def test_blank_lines_are_no_rows_and_numbers_are_names(tmp_path: Path) -> None:
    lines = [json.dumps(record(username=17, title=3)), "", " ", json.dumps(record(username="18", title=3))]
    (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n\n")
    loaded = read_all("hub", tmp_path)
    assert (loaded.dataset["username"][:], loaded.dataset["title"][:]) == (["17", "18"], ["3", "3"])
    assert loaded.rejected == []


def test_a_table_of_traces_is_read_as_it_is(tmp_path: Path) -> None:
    row = record(1, outcomes=["error", None], is_complete=False)
    write_json_lines(tmp_path / "train.jsonl", [row])
    [found] = load("hub", tmp_path)
    assert (found["outcomes"], found["is_complete"]) == (["error", None], False)
