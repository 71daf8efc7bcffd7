import gzip
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from reading import read_all

from pcutils.data import (
    SOURCES,
    Record,
    RejectedRow,
    RejectedRowsWarning,
    Secret,
    Source,
    SourceOptions,
    check,
    load,
    options_of,
    read_table,
    traces_of,
    write_table,
)
from pcutils.data.load import SAME_TRACE
from pcutils.data.rows import Item
from pcutils.data.sources import FilePath, source
from pcutils.data.table import trace_columns
from pcutils.errors import DataError
from pcutils.simulate import TRAITS, simulate
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
    loaded = read_all("simulated", students=3, seed=4, titles=5, assignments_per_student=2)
    traces, traits = simulate(3, 4, titles=5, assignments_per_student=2)
    assert list(traces_of(loaded.dataset)) == traces
    assert loaded.students.equals(traits)
    assert list(loaded.students.columns) == ["username", *TRAITS]
    assert loaded.rejected == []


def test_rollouts_become_the_table_and_nothing_is_lost(rollouts: Path) -> None:
    loaded = read_all("rollouts", path=rollouts)
    assert len(loaded.dataset) + len(loaded.rejected) == 7
    assert loaded.dataset["title"][:] == ["square"] * 3 + ["star"]
    assert next(iter(traces_of(loaded.dataset))).programs == MADE_UP[0].programs
    assert list(loaded.students.username) == ["student-1", "student-2"]
    assert [(bad.file, bad.row, bad.field) for bad in loaded.rejected] == [
        ("all_star.json.gz", 1, "programs"),
        ("all_star.json.gz", 2, "row"),
        ("all_star.json.gz", 3, "row"),
    ]


def test_rejected_rows_are_counted_in_a_warning(rollouts: Path) -> None:
    with pytest.warns(RejectedRowsWarning, match="3 of 7 rows rejected"):
        load("rollouts", path=rollouts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load("rollouts", path=rollouts, titles=["square"])) == 3


def test_rollouts_can_be_chosen(rollouts: Path) -> None:
    assert len(load("rollouts", path=rollouts, variant="last")) == 1
    assert set(load("rollouts", path=rollouts, titles=1)["title"]) == {"square"}
    assert len(load("rollouts", path=rollouts / "all_square.json")) == 3


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
        ("rollout", {}, "found 'rollout', expected one of logs, hub"),
        ("simulated", {"pupils": 3}, "found option 'pupils', expected one of max_rejected, students, titles"),
        ("rollouts", {}, "field 'path': found nothing"),
        ("rollouts", {"path": "/no/such/place"}, "/no/such/place: found no such file"),
        ("rollouts", {"path": ".", "variant": "all"}, "found 'all', expected 'trace', 'synthetic' or 'last'"),
        ("simulated", {"students": 0}, "field 'students': found 0"),
        ("simulated", {"seed": "1"}, "field 'seed': found '1', expected a valid integer"),
        ("rollouts", {"titles": 9}, "field 'titles': found 9, expected a number from 1 to 2"),
        ("rollouts", {"titles": []}, "field 'titles': found an empty list"),
        ("rollouts", {"titles": ["moon"]}, "found no \\['moon'\\]"),
        ("rollouts", {"variant": "synthetic"}, "files named synthetic_TITLE"),
    ],
)
def test_wrong_names_and_options(rollouts: Path, name: str, options: dict, message: str) -> None:
    if "titles" in options or options.get("variant") == "synthetic":
        options = {"path": rollouts, **options}
    with pytest.raises(DataError, match=message):
        load(name, **options)


def trace(*programs: str, title: str = "star", username: str = "made-up", minute: int | None = None) -> Trace:
    times = None if minute is None else [datetime(2022, 2, 4, 6, minute)] * len(programs)
    return Trace.from_states(list(programs), times, title=title, username=username)


@pytest.fixture
def sources() -> Iterator[dict[str, Source]]:
    before = dict(SOURCES)
    yield SOURCES
    SOURCES.clear()
    SOURCES.update(before)


def test_a_source_is_one_module_of_a_few_lines(sources: dict[str, Source], tmp_path: Path) -> None:
    """What stands between the marks is all that a new source needs; `load`, `check` and profiles find it."""

    # ---- begin
    class LineOptions(SourceOptions):
        source: Literal["lines"] = "lines"
        path: FilePath

    def recognise(path: Path) -> dict[str, Path] | None:
        return {"path": path} if path.suffix == ".lines" else None

    @source(LineOptions, label="one program a line", recognise=recognise)
    def read(options: LineOptions) -> Iterator[Item]:
        for row, line in enumerate(Path(options.path).read_text().splitlines()):
            yield Trace.from_states([line], username=f"student-{row}", title="line")

    # ---- end
    (tmp_path / "class.lines").write_text("fd 1\nfd 2\nrt 90\n")
    table = load("lines", tmp_path / "class.lines")
    assert [row["programs"] for row in table] == [["fd 1"], ["fd 2"], ["rt 90"]]
    assert set(table["source"]) == {"lines"}
    assert check(tmp_path) == []
    union = reduce(or_, (one.options for one in sources.values()))
    section = TypeAdapter(Annotated[union, Field(discriminator="source")])
    assert section.validate_python({"source": "lines", "path": "x", "shards": 2}).shards == 2
    with pytest.raises(DataError, match="'path': found nothing"):
        load("lines")


def test_what_a_source_says_beyond_traces_is_kept(sources: dict[str, Source]) -> None:

    class Options(SourceOptions):
        source: Literal["told"] = "told"

    @source(Options, label="told")
    def read(options: Options) -> Iterator[Item]:
        columns = trace_columns(trace("fd 1", "fd 2"))
        told = {"outcomes": ["error", "success"], **columns}
        yield Record(told, "validation", "a.txt", 7, {"username": "made-up", "speed": 2.0})
        yield Record({**told, "outcomes": ["error"]}, file="a.txt", row=8)
        yield RejectedRow("a.txt", 9, "row", "nothing", "something")
        yield trace("fd 3", title="")
        yield Counter({"other": 3})

    loaded = read_all("told")
    assert loaded.dataset["outcomes"] == [["error", "success"]]
    assert loaded.published == ["validation"]
    assert loaded.students.to_dict("records") == [{"username": "made-up", "speed": 2.0}]
    assert [(bad.file, bad.row, bad.field) for bad in loaded.rejected] == [
        ("a.txt", 8, "outcomes"),
        ("a.txt", 9, "row"),
        ("traces", 3, "title"),
    ]
    assert loaded.counts == {"other": 3}
    with pytest.raises(DataError, match="3 of 4 rows rejected"):
        load("told", max_rejected=0.5)


def test_secrets_come_from_outside_of_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.key").write_text("kept in a file \n")
    monkeypatch.setenv("MADE_UP_KEY", "kept in a variable")
    model = SOURCES["logs"].options
    given = {"source": "logs", "path": "logs"}
    for place, value in (
        ({"file": "secret.key"}, "kept in a file"),
        ({"variable": "MADE_UP_KEY"}, "kept in a variable"),
    ):
        options = model(**given, key=place).located(tmp_path)
        assert (options.key.value(), options.path) == (value, str(tmp_path / "logs"))
        assert value not in repr(options.model_dump())
    for key in ("the key itself", {}, {"file": "a", "variable": "b"}):
        with pytest.raises(ValidationError):
            model(**given, key=key)
    with pytest.raises(DataError, match=r"none\.key: found a file that cannot be read"):
        Secret(file="none.key").value(tmp_path)
    with pytest.raises(DataError, match="environment variable MADE_UP_NONE: found nothing"):
        Secret(variable="MADE_UP_NONE").value()
    assert options_of("logs", "x", key=b"in memory").key.value() == b"in memory"


@pytest.mark.parametrize(
    ("name", "rejected"), [("logs", 1), ("progsnap2", 1), ("rollouts", 0), ("simulated", 0)]
)
def test_only_sampled_sources_may_repeat_a_trace(
    monkeypatch: pytest.MonkeyPatch, name: str, rejected: int
) -> None:
    traces = [trace("fd 1", minute=1), trace("fd 1"), trace("fd 1", minute=1)]
    monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], read=lambda options: iter(traces)))
    options = {"simulated": {}, "logs": {"path": "x", "key": "sixteen bytes and more"}}.get(
        name, {"path": "x"}
    )
    loaded = read_all(name, **options)
    assert [(bad.row, bad.field, bad.found) for bad in loaded.rejected] == [(2, *SAME_TRACE[:2])] * rejected
