"""Tables in shards: nothing is lost, nothing stays half written."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
import pytest
from reading import read_all

from pcutils.data import (
    options_of,
    read_batches,
    read_table,
    shard_of,
    shards,
    split_traces,
    write_tables,
)
from pcutils.data.load import Reading
from pcutils.data.shards import ShardWriter
from pcutils.errors import DataError


def row(number: int, program: str = "fd 1") -> dict[str, Any]:
    return {
        "username": f"made-up-{number % 40}",
        "title": f"title {number}",
        "programs": [program],
        "timestamps": [None],
        "outcomes": None,
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
    shards = [shard_of(f"made-up-{number}", 7) for number in range(2000)]
    assert shards[:12] == [1, 2, 1, 6, 3, 6, 4, 3, 5, 3, 0, 5]
    sizes = Counter(shards)
    assert set(sizes) == set(range(7))
    assert max(sizes.values()) < 1.3 * min(sizes.values())


def test_rows_keep_their_order_within_a_shard_and_none_is_lost(tmp_path: Path) -> None:
    rows, files = [row(number) for number in range(200)], paths(tmp_path, 3)
    write(files, rows)
    found = [pq.read_table(file).to_pylist() for file in files]
    assert found == [[one for one in rows if shard_of(one["username"], 3) == shard] for shard in range(3)]
    assert sum(map(len, found)) == 200
    assert read_table(files).to_list() == [one for part in found for one in part]


def test_row_groups_are_bounded_by_rows_and_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROWS_IN_GROUP", 10)
    write([tmp_path / "many.parquet"], [row(number) for number in range(35)])
    metadata = pq.read_metadata(tmp_path / "many.parquet")
    assert [metadata.row_group(each).num_rows for each in range(4)] == [10, 10, 10, 5]
    monkeypatch.setattr(shards, "CHARACTERS_IN_MEMORY", 100)
    write([tmp_path / "long.parquet"], [row(number, "x" * 60) for number in range(4)])
    assert pq.read_metadata(tmp_path / "long.parquet").num_row_groups == 2


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
        with pytest.raises(DataError, match=r"damaged, half written or no Parquet.*Delete it and call"):
            list(read_batches(file, 10))
    file.write_bytes(whole)
    with pytest.raises(DataError, match="field 'grade': found no such column"):
        list(read_batches(file, 10, ["grade"]))


def test_students_are_simulated_one_after_the_other() -> None:
    reading = Reading(options_of("simulated", students=10**9))
    assert next(reading.rows)["source"] == "simulated"
    assert len(reading.students()) == 1


def table_paths(folder: Path, count: int) -> dict[str, Any]:
    whole = {name: folder / name for name in ("students", "rejected", "reading")}
    parts = {
        name: [folder / name / f"{part}.parquet" for part in range(count)] for name in ("traces", "splits")
    }
    return whole | parts


def test_a_source_becomes_the_tables_of_a_run(tmp_path: Path) -> None:
    options = options_of("simulated", students=20, titles=6, assignments_per_student=4)
    shares = {"students": 0.15, "titles": 0.15, "pairs": 0.2, "validation": 0.1, "seed": 2}
    files = table_paths(tmp_path, 3)
    assert write_tables(options, **files, shares=shares) == "80 traces; 0 of 80 rows rejected: none"
    loaded = read_all("simulated", students=20, titles=6, assignments_per_student=4)
    rows = {(row["username"], row["title"]): row for row in loaded.dataset}
    split_of = dict(zip(rows, split_traces(loaded.dataset, **shares), strict=True))
    for traces, splits in zip(files["traces"], files["splits"], strict=True):
        stored, labels = pq.read_table(traces).to_pylist(), pq.read_table(splits).to_pylist()
        assert stored == [rows[label["username"], label["title"]] for label in labels]
        assert all(split_of[label["username"], label["title"]] == label["split"] for label in labels)
    assert pandas.read_parquet(files["students"]).equals(loaded.students)
    assert json.loads(files["reading"].read_text()) == {"traces": 80, "rejected": {}, "counts": {}}
    assert files["rejected"].read_text() == ""


@pytest.mark.parametrize("most", [0.4, 0.6])
def test_a_run_stops_where_too_many_rows_are_rejected_and_lists_them(tmp_path: Path, most: float) -> None:
    good = {"username": "made-up", "title": "star", "programs": ["fd 1"], "timestamps": [None]}
    rows = [good | {"username": f"s{n % 6}", "title": f"t{n // 6}"} for n in range(24)]
    rows += [good | {"username": ""}] * 24
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = options_of("hub", tmp_path / "train.jsonl", max_rejected=most)
    files = table_paths(tmp_path / "run", 1)
    shares = {"students": 0.0, "titles": 0.1, "pairs": 0.2, "validation": 0.1, "seed": 0}
    if most < 0.5:
        with pytest.raises(
            DataError, match="'max_rejected': found 24 of 48 rows rejected: 24 with an empty text"
        ):
            write_tables(options, **files, shares=shares)
        assert not files["traces"][0].exists()
    else:
        assert "24 of 48 rows rejected" in write_tables(options, **files, shares=shares)
        assert pq.read_metadata(files["splits"][0]).num_rows == 24
    lines = [json.loads(line) for line in files["rejected"].read_text().splitlines()]
    assert [line["row"] for line in lines] == list(range(24, 48))
