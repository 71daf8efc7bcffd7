from __future__ import annotations

import gzip
import json
import warnings
from datetime import datetime
from pathlib import Path

import pytest

from pcutils.errors import DataError
from pcutils.simulate import TRAITS, simulate
from pcutils.sources import (
    SOURCES,
    QuarantineWarning,
    load,
    load_with_quarantine,
    read_table,
    traces_of,
    write_quarantine,
    write_table,
)
from pcutils.trace import Trace, format_trace

MADE_UP = [
    Trace.from_states(["fd 1", "fd 2"], [datetime(2020, 1, 1), datetime(2020, 1, 2)], title="square"),
    Trace.from_states(["dot red"], [datetime(2021, 1, 1)], title="square"),
]


def write_rollouts(folder: Path, name: str, rows: object, *, zipped: bool = False) -> Path:
    text = json.dumps(rows).encode()
    path = folder / (f"{name}.json.gz" if zipped else f"{name}.json")
    path.write_bytes(gzip.compress(text) if zipped else text)
    return path


def row(trace: Trace, username: str = "student-1", title: str = "square") -> list[str]:
    return [format_trace(trace), username, title]


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    write_rollouts(tmp_path, "all_square", [row(MADE_UP[0]), row(MADE_UP[1]), row(MADE_UP[0], "student-2")])
    star = [row(MADE_UP[1], title="star"), ["no state here", "student-1", "star"], ["text", "student-1"], 7]
    write_rollouts(tmp_path, "all_star", star, zipped=True)
    write_rollouts(tmp_path, "last_square", [row(MADE_UP[1])])
    (tmp_path / "README.md").write_text("not a rollout")
    return tmp_path


def test_simulated_is_the_simulation() -> None:
    loaded = load_with_quarantine("simulated", students=3, seed=4, titles=5, assignments_per_student=2)
    traces, traits = simulate(3, 4, titles=5, assignments_per_student=2)
    assert list(traces_of(loaded.dataset)) == traces
    assert loaded.students.equals(traits)
    assert list(loaded.students.columns) == ["username", *TRAITS]
    assert loaded.quarantined == []


def test_rollouts_become_the_table_and_nothing_is_lost(rollouts: Path) -> None:
    loaded = load_with_quarantine("rollouts", path=rollouts)
    assert len(loaded.dataset) + len(loaded.quarantined) == 7
    assert loaded.dataset["title"][:] == ["square"] * 3 + ["star"]
    assert next(iter(traces_of(loaded.dataset))).programs == MADE_UP[0].programs
    assert list(loaded.students.username) == ["student-1", "student-2"]
    assert [(bad.file, bad.row, bad.field) for bad in loaded.quarantined] == [
        ("all_star.json.gz", 1, "programs"),
        ("all_star.json.gz", 2, "row"),
        ("all_star.json.gz", 3, "row"),
    ]


def test_rows_kept_aside_are_counted_aloud(rollouts: Path) -> None:
    with pytest.warns(QuarantineWarning, match="3 of 7 rows kept aside"):
        load("rollouts", path=rollouts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load("rollouts", path=rollouts, titles=["square"])) == 3


def test_quarantine_file_holds_no_text_of_a_student(rollouts: Path, tmp_path: Path) -> None:
    loaded = load_with_quarantine("rollouts", path=rollouts)
    path = write_quarantine(loaded.quarantined, tmp_path / "new" / "quarantine.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [set(line) for line in lines] == [{"source", "file", "row", "field", "found", "expected"}] * 3
    assert "no state here" not in path.read_text()


def test_rollouts_can_be_chosen(rollouts: Path) -> None:
    assert len(load("rollouts", path=rollouts, variant="last")) == 1
    assert set(load("rollouts", path=rollouts, titles=1)["title"]) == {"square"}
    assert len(load("rollouts", path=rollouts / "all_square.json")) == 3
    few = load_with_quarantine("rollouts", path=rollouts, students=1).dataset
    assert set(few["username"]) == {"student-1"}
    assert len(few) == 3


def test_odd_dates_and_cut_ends_survive(tmp_path: Path) -> None:
    text = "CODE 1 (2020-13-99 00:00:00):\nfd 1\nCODE 2 (2020-01-01 00:00:00):\nfd 2\nCODE 3 (2020-01-01 00:0"
    write_rollouts(tmp_path, "all_line", [[text, "student-1", "line"]])
    dataset = load("rollouts", path=tmp_path)
    assert dataset[0]["programs"] == ["fd 1", "fd 2"]
    assert dataset[0]["timestamps"] == [None, datetime(2020, 1, 1)]
    assert dataset[0]["is_complete"] is False
    assert read_table(write_table(dataset, tmp_path / "t.parquet"))[0] == dataset[0]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("rollout", {}, "found 'rollout', expected one of simulated, rollouts"),
        ("simulated", {"pupils": 3}, "found option 'pupils', expected one of students, titles"),
        ("rollouts", {}, "field 'path': found nothing"),
        ("rollouts", {"path": "/no/such/place"}, "/no/such/place: found no such file"),
        ("rollouts", {"path": ".", "variant": "all"}, "found 'all', expected one of trace, synthetic, last"),
    ],
)
def test_wrong_names_and_options(name: str, options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(name, **options)


def test_files_that_are_no_rollouts(rollouts: Path) -> None:
    with pytest.raises(DataError, match="found no \\['moon'\\]"):
        load("rollouts", path=rollouts, titles=["moon"])
    with pytest.raises(DataError, match="synthetic_TITLE"):
        load("rollouts", path=rollouts, variant="synthetic")
    for name, content in (
        ("all_a.json", b"{"),
        ("all_b.json", b"{}"),
        ("all_c.json.gz", gzip.compress(b"[]")[:-4]),
        ("all_d.json", b"\xff\xfe["),
    ):
        (rollouts / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            load("rollouts", path=rollouts, titles=[name[4]])


@pytest.mark.parametrize(
    "options", [{"titles": 0}, {"titles": 9}, {"titles": "star"}, {"titles": []}, {"students": 0}]
)
def test_choices_out_of_range(rollouts: Path, options: dict) -> None:
    with pytest.raises(DataError, match=f"field '{next(iter(options))}'"):
        load("rollouts", path=rollouts, **options)


def test_every_source_is_listed() -> None:
    assert set(SOURCES) >= {"simulated", "rollouts", "progsnap2"}


def test_public_rollouts_are_all_accounted_for(shared_dir: Path) -> None:
    titles = ["star", "house", "blackhole"]
    loaded = load_with_quarantine("rollouts", path=shared_dir / "rollouts", titles=titles)
    rows = 0
    for title in titles:
        with gzip.open(shared_dir / "rollouts" / f"all_{title}.json.gz") as file:
            rows += len(json.load(file))
    assert len(loaded.dataset) + len(loaded.quarantined) == rows
    assert len(loaded.dataset) > 0.98 * rows
    assert set(loaded.dataset["title"]) == set(titles)
