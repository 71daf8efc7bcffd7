"""Tables in shards, and records on disk: nothing is lost, nothing stays half written, memory is bounded."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pcutils.errors import DataError
from pcutils.sources import TRACE_SCHEMA, load_with_quarantine, read_table, shards, stream, traces_of
from pcutils.sources import logs as logs_module
from pcutils.sources.buckets import Buckets, bucket_count
from pcutils.sources.logs import read_logs
from pcutils.sources.shards import ShardWriter, read_batches, shard_of
from pcutils.trace import Trace

KEY = b"made up for these tests only"


def row(number: int, program: str = "fd 1") -> dict[str, Any]:
    return {
        "username": f"made-up-{number % 40}",
        "title": f"title {number}",
        "programs": [program],
        "timestamps": [None],
        "is_complete": True,
        "source": "hub",
    }


def paths(folder: Path, count: int) -> list[Path]:
    return [folder / "traces" / f"{shard}.parquet" for shard in range(count)]


def write(files: list[Path], rows: list[dict[str, Any]]) -> None:
    with ShardWriter(files) as writer:
        for each in rows:
            writer.write(each)


def test_a_student_has_one_shard_on_every_machine() -> None:
    names = [f"made-up-{number}" for number in range(2000)]
    here = [shard_of(name, 7) for name in names]
    code = (
        "from pcutils.sources.shards import shard_of\n"
        "print(*(shard_of(f'made-up-{n}', 7) for n in range(2000)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "5"}
    there = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert [int(word) for word in there.stdout.split()] == here
    sizes = Counter(here)
    assert set(sizes) == set(range(7))
    assert max(sizes.values()) < 1.3 * min(sizes.values())


def test_rows_keep_their_order_within_a_shard_and_none_is_lost(tmp_path: Path) -> None:
    rows, files = [row(number) for number in range(200)], paths(tmp_path, 3)
    write(files, rows)
    found = [pq.read_table(file).to_pylist() for file in files]
    assert found == [[one for one in rows if shard_of(one["username"], 3) == shard] for shard in range(3)]
    assert sum(map(len, found)) == 200
    assert read_table(files).to_list() == [one for part in found for one in part]


def test_one_shard_is_the_table_in_its_order(tmp_path: Path) -> None:
    rows = [row(number) for number in range(50)]
    write([tmp_path / "traces.parquet"], rows)
    assert pq.read_table(tmp_path / "traces.parquet").to_pylist() == rows


def test_row_groups_are_bounded_by_rows_and_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROWS_IN_GROUP", 10)
    write([tmp_path / "many.parquet"], [row(number) for number in range(35)])
    assert [group_rows(tmp_path / "many.parquet", each) for each in range(4)] == [10, 10, 10, 5]
    monkeypatch.setattr(shards, "CHARACTERS_IN_GROUP", 100)
    write([tmp_path / "long.parquet"], [row(number, "x" * 60) for number in range(4)])
    assert pq.read_metadata(tmp_path / "long.parquet").num_row_groups == 2
    monkeypatch.setattr(shards, "CHARACTERS_IN_MEMORY", 50)
    files = paths(tmp_path, 2)
    write(files, [row(number, "x" * 60) for number in range(8)])
    assert sum(pq.read_metadata(file).num_rows for file in files) == 8
    assert sum(pq.read_metadata(file).num_row_groups for file in files) >= 8


def group_rows(file: Path, group: int) -> int:
    return pq.read_metadata(file).row_group(group).num_rows


def test_a_shard_without_a_student_is_an_empty_table(tmp_path: Path) -> None:
    files = paths(tmp_path, 60)
    write(files, [row(0)])
    assert sum(pq.read_table(file).num_rows for file in files) == 1
    assert read_table(files).to_list() == [row(0)]
    assert read_table(files).features.arrow_schema.names == TRACE_SCHEMA.names


def test_what_is_interrupted_leaves_the_old_files_and_no_half_ones(tmp_path: Path) -> None:
    files = paths(tmp_path, 2)
    write(files, [row(0)])
    before = [file.read_bytes() for file in files]

    def stopped() -> None:
        with ShardWriter(files) as writer:
            for number in range(3):
                writer.write(row(number))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [file.read_bytes() for file in files] == before
    assert sorted(tmp_path.rglob("*.parquet")) == files


def test_bad_shards_are_told_with_their_name_and_what_to_do(tmp_path: Path) -> None:
    [file] = files = [tmp_path / "00001-of-00002.parquet"]
    with pytest.raises(
        DataError, match=r"00001-of-00002\.parquet: found no such file.*`pcutils run` writes it"
    ):
        list(read_batches(file, 10))
    write(files, [row(number) for number in range(9)])
    assert [len(batch) for batch in read_batches(file, 4)] == [4, 4, 1]
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"PAR1", whole[:50] + b"\xff" * 200 + whole[250:]):
        file.write_bytes(broken)
        with pytest.raises(DataError, match=r"damaged or only half written.*Delete it and call"):
            list(read_batches(file, 10))
    file.write_bytes(whole)
    with pytest.raises(DataError, match="field 'grade': found no such column"):
        list(read_batches(file, 10, ["grade"]))


@pytest.mark.parametrize("count", [1, 5])
def test_buckets_give_back_every_record_and_keep_a_key_together(count: int) -> None:
    with Buckets(count) as buckets:
        for number in range(100):
            buckets.add(f"key {number % 9}", (f"key {number % 9}", number))
        contents = [list(records) for records in buckets.contents()]
        places = [{key for key, _ in records} for records in contents]
    assert sorted(number for records in contents for _, number in records) == list(range(100))
    assert sum(map(len, places)) == 9
    assert len(contents) == count


def test_large_logs_need_more_buckets(tmp_path: Path) -> None:
    for name in ("a.log", "b.log.gz"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(100 * 2**20)
    assert bucket_count([tmp_path / "a.log"]) == 2
    assert bucket_count([tmp_path / "b.log.gz"]) > 10
    assert bucket_count([]) == 1


def write_log(path: Path, students: int, runs: int) -> None:
    with path.open("w") as log:
        for run in range(runs):
            for student in range(students):
                clock = f"{run // 60 % 24:02}:{run % 60:02}:{student % 60:02}"
                request = f'"GET /log/star?run&code=fd+{run}| HTTP/1.1" 200'
                log.write(f"user{student} - [04/Feb/2022:{clock} +0000] {request}\n")
        log.write("no such line\n")


def test_logs_on_disk_give_the_same_as_logs_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "access.log", students=30, runs=20)
    in_memory = read_logs(tmp_path / "access.log", KEY)
    monkeypatch.setattr(logs_module, "bucket_count", lambda files: 4)
    on_disk = read_logs(tmp_path / "access.log", KEY)
    assert on_disk == in_memory
    assert len(on_disk.traces) == 30
    assert on_disk.counts == {"states": 600, "kept aside": 1}


def test_students_of_large_logs_are_held_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "access.log", students=200, runs=40)

    def peak(buckets: int) -> int:
        monkeypatch.setattr(logs_module, "bucket_count", lambda files: buckets)
        tracemalloc.start()
        reading = stream("logs", path=tmp_path / "access.log", key=KEY)
        assert sum(1 for _ in reading.rows) == 201
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(20) < 0.4 * peak(1)


def test_a_stream_gives_what_loading_gives() -> None:
    options = {"students": 3, "titles": 5, "assignments_per_student": 2}
    loaded = load_with_quarantine("simulated", **options)
    reading = stream("simulated", **options)
    assert [read.result for read in reading.rows] == list(traces_of(loaded.dataset))
    assert reading.students().equals(loaded.students)


def test_a_made_up_student_comes_before_the_next_is_thought_of() -> None:
    reading = stream("simulated", students=10**9)
    assert isinstance(next(reading.rows).result, Trace)
    assert isinstance(reading.traits, list)
    assert len(reading.traits) == 1


@pytest.mark.parametrize("count", [1, 5])
def test_groups_come_in_the_order_of_their_first_records(count: int) -> None:
    chance = random.Random(3)
    keys = [chance.choice("abcdefgh") for _ in range(500)]
    groups = [(key, number % 3) for number, key in enumerate(keys)]
    with Buckets(count) as buckets:
        for number, (key, group) in enumerate(zip(keys, groups, strict=True)):
            buckets.add(key, (number, group, number))
        found = list(buckets.groups())
    assert [group for group, _ in found] == list(dict.fromkeys(groups))
    assert all(
        records == [number for number, other in enumerate(groups) if other == group]
        for group, records in found
    )
