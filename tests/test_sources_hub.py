from __future__ import annotations

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
from fuzzing import lines_in, mutations

from pcutils.errors import DataError
from pcutils.sources import Quarantined, QuarantineWarning, load, load_with_quarantine
from pcutils.sources.hub import HUB_SPLITS, _published_rows, read_hub
from pcutils.sources.hub_rows import read_record, read_time
from pcutils.sources.rollouts import read_rows
from pcutils.sources.rows import row_problems
from pcutils.sources.table import trace_row
from pcutils.trace import Trace

EVALUATED = HUB_SPLITS[2:]


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
    for number, split in enumerate(("train", *EVALUATED)):
        rows = [record(10 * number + each) for each in range(number + 1)]
        write(tmp_path / "copy" / name.format(split), rows)
    return tmp_path / "copy"


def test_a_local_folder_becomes_the_table_with_its_splits(folder: Path) -> None:
    loaded = load_with_quarantine("hub", path=folder)
    rows = loaded.dataset.to_list()
    expected = [number for number in range(50) if number % 10 <= number // 10]
    assert [row["username"] for row in rows] == [f"made-up-{number}" for number in expected]
    assert rows[0]["programs"] == ["fd 0", "fd 0\nrt 90"]
    assert rows[0]["timestamps"] == [datetime(2020, 1, 1, 9, 30), datetime(2020, 1, 1, 9, 31)]
    assert {row["source"] for row in rows} == {"hub"}
    assert all(row["is_complete"] for row in rows)
    assert not loaded.quarantined
    names = ("train", *EVALUATED)
    assert list(loaded.published) == [names[number // 10] for number in expected]


@pytest.mark.parametrize("streaming", [False, True])
def test_splits_and_rows_can_be_chosen(folder: Path, streaming: bool) -> None:
    ask = {"path": folder, "streaming": streaming}
    one = load("hub", split="unseen_student_seen_title", **ask)
    assert one["username"] == ["made-up-20", "made-up-21", "made-up-22"]
    two = load_with_quarantine("hub", split=["train", "seen_student_unseen_title"], limit=2, **ask)
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
    rows = list(_published_rows(repository, None, streaming, False, None, 2))
    assert [(split, number) for split, _, number, _ in rows] == [("train", 0), ("train", 1)]
    traces = [read_record(row, file=file, number=number) for _, file, number, row in rows]
    assert [trace.username for trace in traces] == ["made-up-1", "made-up-2"]
    assert traces[0].timestamps == (datetime(2020, 1, 1, 9, 30), datetime(2020, 1, 1, 9, 31))
    with pytest.raises(DataError, match="expected one of train"):
        list(_published_rows(repository, "test", streaming, False, None, None))


def test_published_split_names_are_those_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for split in EVALUATED:
        write_parquet(tmp_path / "copy" / "data" / f"{split}-00000-of-00001.parquet", [record(1)])
    rows = list(_published_rows(str(tmp_path / "copy"), None, True, False, None, None))
    assert {split for split, *_ in rows} == set(EVALUATED)


def test_streaming_reads_no_more_than_it_gives(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "train.jsonl", [record(number) for number in range(3)])
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write("no json\n" * 3)
    rows = read_hub(path=tmp_path, streaming=True)
    assert [next(rows).result.username for _ in range(3)] == ["made-up-0", "made-up-1", "made-up-2"]
    assert isinstance(next(rows).result, Quarantined)
    assert len(list(read_hub(path=tmp_path, limit=3))) == 3


SIGNS = "write i % 2 + ' | ' + (i | 4)  # 100 %, a+b, %41"
LOGGED = "write+i+%25+2+%2B+'+%7C+'+%2B+(i+%7C+4)++%23+100+%25%2C+a%2Bb%2C+%2541|"


def test_encoded_and_decoded_rows_may_stand_side_by_side(tmp_path: Path) -> None:
    times = [None, None]
    rows = [
        record(0, programs=["fd+10|", LOGGED], timestamps=times),
        record(1, programs=["fd 10", SIGNS], timestamps=times),
        record(2, programs=["a+b|", SIGNS], timestamps=times),
    ]
    write_json_lines(tmp_path / "train.jsonl", rows)
    assert load("hub", path=tmp_path)["programs"] == [["fd 10", SIGNS], ["fd 10", SIGNS], ["a+b|", SIGNS]]
    as_they_are = load("hub", path=tmp_path, encoding="decoded")
    assert as_they_are["programs"] == [row["programs"] for row in rows]
    with pytest.raises(DataError, match="field 'encoding'"):
        load("hub", path=tmp_path, encoding="raw")


BAD = {
    "no row": ([1], "row"),
    "no title": ({key: value for key, value in record().items() if key != "title"}, "title"),
    "empty name": (record(username=""), "username"),
    "number as name": (record(username=7), "username"),
    "programs as text": (record(programs="fd 1"), "programs"),
    "no states": (record(programs=[], timestamps=[]), "programs"),
    "number as state": (record(programs=["fd 1", 2]), "programs"),
    "blank states": (record(programs=[None, " "]), "programs"),
    "half a character": (record(programs=["fd 1", "\ud800"]), "programs"),
    "escapes": (record(programs=["fd+1|", "write+%FF|"]), "programs"),
    "too few times": (record(timestamps=["2020-01-01 09:30:00"]), "timestamps"),
    "no times": (record(timestamps=None), "timestamps"),
    "no time": (record(timestamps=["yesterday", None]), "timestamps"),
    "truth as time": (record(timestamps=[True, None]), "timestamps"),
    "far time": (record(timestamps=[1e300, None]), "timestamps"),
    "backwards": (record(timestamps=["2020-01-02 09:30:00", "2020-01-01 09:30:00"]), "timestamps"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_kept_aside_and_stops_nothing(case: str, tmp_path: Path) -> None:
    row, field = BAD[case]
    write_json_lines(tmp_path / "train.jsonl", [record(0), row, record(2)])
    with pytest.warns(QuarantineWarning, match="1 of 3 rows kept aside"):
        assert load("hub", path=tmp_path)["username"] == ["made-up-0", "made-up-2"]
    [aside] = load_with_quarantine("hub", path=tmp_path).quarantined
    assert (aside.source, aside.file, aside.row, aside.field) == ("hub", "train.jsonl", 1, field)
    assert aside.found
    assert aside.expected
    assert "fd 1" not in str(asdict(aside))


def test_a_second_trace_of_a_pair_is_kept_aside_in_whatever_file(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "train.jsonl", [record(0), record(0, programs=["fd 7", "fd 8"]), record(1)])
    write_json_lines(tmp_path / "validation.jsonl", [record(1, username=""), record(0), record(1, title="b")])
    loaded = load_with_quarantine("hub", path=tmp_path)
    assert loaded.dataset["title"] == ["star", "star", "b"]
    assert list(loaded.published) == ["train", "train", "validation"]
    found = [(bad.file, bad.row, bad.field) for bad in loaded.quarantined]
    assert found == [
        ("train.jsonl", 1, "title"),
        ("validation.jsonl", 0, "username"),
        ("validation.jsonl", 1, "title"),
    ]
    assert loaded.quarantined[0].found == "a second trace of this student and title"
    assert loaded.quarantined[0].expected == "one trace a student and title"
    kept = load_with_quarantine("hub", path=tmp_path, repeated_pairs="keep")
    assert len(kept.dataset) == 4
    assert [(bad.row, bad.found) for bad in kept.quarantined][1:] == [(1, "the same trace again")]
    with pytest.raises(DataError, match="field 'repeated_pairs': found 'drop', expected one of aside, keep"):
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
    loaded = load_with_quarantine("hub", path=tmp_path)
    assert loaded.dataset["username"] == ["made-up-0", "made-up-1"]
    assert list(loaded.published) == ["train", "train"]
    assert [(bad.file, bad.row, bad.field) for bad in loaded.quarantined] == [
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
        (datetime(2022, 2, 4, 6, 25, 26, 5), datetime(2022, 2, 4, 6, 25, 26)),
    ],
)
def test_times_are_read_in_every_way_of_writing(value: object, time: object) -> None:
    assert read_time(value) == time


@pytest.mark.parametrize(
    "value", ["", "now", "0001-01-01T00:00:00+23:59", True, [], math.inf, math.nan, -1e300, 10**400]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"time|NaN|isoformat"):
        read_time(value)
    result = read_record(record(timestamps=[value, None]), file="a", number=0)
    assert (result.field, result.found) == ("timestamps", "a value that is no time")


def test_missing_folder_and_folder_without_rows_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        load("hub", path=tmp_path / "none")
    with pytest.raises(DataError, match=r"expected files ending in \.parquet"):
        load("hub", path=tmp_path)
    with pytest.raises(DataError, match="field 'limit'"):
        load("hub", path=tmp_path, limit=0)


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
    code = f"from pcutils.sources import load\n{tried}"
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
    assert 30 <= page.count("\n") <= 60, "a page"
    assert gate.asked
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("gate", [(403, "GatedRepo")], indirect=True)
def test_a_token_without_access_is_told_so_and_not_shown(gate: Gate, tmp_path: Path) -> None:
    page = ask(gate, tmp_path, "token='hf_made_up', streaming=True, repository='a/b'")
    assert "its owner has not been given access yet" in page
    assert "non-commercial" not in page, "the terms of another data set"
    assert "hf_made_up" not in page
    assert ("Bearer hf_made_up") in {token for _, token in gate.asked}


def json_seeds() -> list[bytes]:
    rows = [record(1), record(2, programs=["fd+10|", LOGGED]), record(3, timestamps=[0, 1643955926999])]
    return [json.dumps(row).encode() for row in rows]


def assert_is_trace_or_aside(result: Trace | Quarantined) -> None:
    if isinstance(result, Quarantined):
        assert result.found
        assert result.expected
        json.dumps(asdict(result)).encode("utf-8")
    else:
        assert not list(row_problems(trace_row(result, "hub")))
        pa.array(list(result.programs), pa.string())
        pa.array(list(result.timestamps), pa.timestamp("s"))


def assert_none_repeats(results: list[Trace | Quarantined]) -> None:
    pairs = [(result.username, result.title) for result in results if isinstance(result, Trace)]
    assert len(pairs) == len(set(pairs))


def test_mutated_lines_that_come_again_are_all_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    for content in mutations(json_seeds()):
        path.write_bytes(content + b"\n" + content)
        for pairs in ("aside", "keep"):
            results = [row.result for row in read_hub(path=path, repeated_pairs=pairs)]
            assert len(results) == lines_in(content + b"\n" + content)
            traces = [result for result in results if isinstance(result, Trace)]
            shown = [str(trace_row(trace, "hub")) for trace in traces]
            assert len(shown) == len(set(shown))
            assert sum(isinstance(result, Quarantined) for result in results) >= len(traces)


def test_mutated_json_lines_are_in_the_table_or_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    for content in mutations(json_seeds()):
        path.write_bytes(content)
        results = [row.result for row in read_hub(path=path)]
        assert len(results) == lines_in(content)
        for result in results:
            assert_is_trace_or_aside(result)
        assert_none_repeats(results)


def test_mutated_parquet_files_are_in_the_table_or_kept_aside(tmp_path: Path) -> None:
    write_parquet(tmp_path / "seed.parquet", [record(number) for number in range(3)])
    seed, path = (tmp_path / "seed.parquet").read_bytes(), tmp_path / "train.parquet"
    for content in mutations([seed]):
        path.write_bytes(content)
        results = [row.result for row in read_hub(path=path)]
        for result in results:
            assert_is_trace_or_aside(result)
        assert_none_repeats(results)


def test_mutated_rollouts_are_traces_or_kept_aside(tmp_path: Path) -> None:
    from pcutils.sources.rollouts import read_row

    text = "star<mask><start>CODE 1 (2020-01-01 09:30:00):\nfd 5\nCODE 2 (unknown):\nfd 6<|endoftext|>"
    seeds = [json.dumps([[text, "made-up-1", "star"], [text, "made-up-2", "star"]]).encode()]
    path = tmp_path / "all_star.json"
    for content in mutations([*seeds, gzip.compress(seeds[0])]):
        path.write_bytes(content)
        try:
            rows = read_rows(path)
        except DataError:
            continue
        for number, row in enumerate(rows):
            result = read_row(row, file=path.name, number=number)
            if isinstance(result, Trace):
                pa.array(list(result.programs), pa.string())
                pa.array(list(result.timestamps), pa.timestamp("s"))
