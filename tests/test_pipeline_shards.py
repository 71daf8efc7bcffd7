"""The steps that see every trace, for each source and for one or several shards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
import pytest
import yaml
from progsnap2_folders import event, write_folder

from pcutils.analysis.flow import flow
from pcutils.errors import DataError, PcutilsError, ProfileError, RunError
from pcutils.execution import Executor, Result
from pcutils.pipeline import open_run
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.publication import unguarded
from pcutils.pipeline.run import Run
from pcutils.pipeline.stages import data as data_stage
from pcutils.pipeline.stages import measures as measures_stage
from pcutils.pipeline.step import run_step
from pcutils.sources.shards import shard_of
from pcutils.splits import SPLITS
from pcutils.trace import Trace, format_trace

TINY = {"source": "simulated", "students": 8, "titles": 4, "assignments_per_student": 3}
SHARES = {"students": 0.2, "titles": 0.3, "pairs": 0.2, "validation": 0.2}
STUDENTS, TITLES = [f"made-up-{number}" for number in range(6)], ["star", "house", "loop"]


@pytest.fixture(autouse=True)
def _apart() -> Iterator[None]:
    with unguarded():
        yield


def start(folder: Path, data: dict[str, Any], **sections: Any) -> Path:
    profile = {"description": "tiny", "data": data, "splits": SHARES, "execution": {"workers": 1}, **sections}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile))
    return folder


def go(folder: Path, *steps: str, root: Path = Path()) -> Run:
    """Run data and measures, all shards, as the workflow does."""
    for name in steps or ("data", "measures"):
        shards = open_run(folder).files.shard_names if name == "measures" else [""]
        for shard in shards:
            run_step(name, folder, root, shard=shard or None)
    return open_run(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return go(start(tmp_path_factory.mktemp("whole"), TINY))


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return go(start(tmp_path_factory.mktemp("sharded"), {**TINY, "shards": 3}))


def test_one_shard_is_one_file_with_rows_in_the_order_of_the_source(whole: Run) -> None:
    from pcutils.sources import load

    options = {name: value for name, value in TINY.items() if name != "source"}
    assert whole.files.parts("traces") == [whole.dir / "data" / "traces.parquet"]
    assert whole.traces().to_list() == load("simulated", **options).to_list()
    assert list(whole.measures()["row"]) == list(range(24))


def test_shards_hold_the_same_rows_and_measures_as_one_table(whole: Run, sharded: Run) -> None:
    assert len(sharded.files.parts("measures")) == 3
    by = ["username", "title"]

    def ordered(frame: pandas.DataFrame) -> pandas.DataFrame:
        return frame.drop(columns="row", errors="ignore").sort_values(by, ignore_index=True)

    pandas.testing.assert_frame_equal(ordered(sharded.measures()), ordered(whole.measures()))
    pandas.testing.assert_frame_equal(ordered(sharded.splits()), ordered(whole.splits()))
    pandas.testing.assert_frame_equal(sharded.students(), whole.students())
    one, other = (run.programs().sort_values("program_hash", ignore_index=True) for run in (sharded, whole))
    pandas.testing.assert_frame_equal(one, other)


def test_tables_of_shards_go_row_by_row(sharded: Run) -> None:
    traces, splits, measures = sharded.traces(), sharded.splits(), sharded.measures()
    for table in (splits, measures):
        assert list(table["username"]) == traces["username"]
        assert list(table["title"]) == traces["title"]
    assert list(measures["row"]) == list(range(len(traces)))
    assert [shard_of(name, 3) for name in traces["username"]] == sorted(
        shard_of(name, 3) for name in traces["username"]
    )
    chosen = sharded.traces_of_split("train")
    assert len(chosen) == (splits["split"] == "train").sum()


def test_an_empty_shard_is_measured_too(tmp_path: Path, whole: Run) -> None:
    run = go(start(tmp_path / "run", {**TINY, "shards": 40}))
    assert min(pq.read_metadata(part).num_rows for part in run.files.parts("measures")) == 0
    assert len(run.measures()) == len(whole.measures())
    assert run.measures().dtypes.equals(whole.measures().dtypes)


def test_another_number_of_shards_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    folder = start(tmp_path / "run", {**TINY, "shards": 2})
    go(folder)
    start(folder, {**TINY, "shards": 3})
    run = open_run(folder)
    with pytest.raises(RunError, match=r"00000-of-00003\.parquet is not there; there are shards of 2"):
        run.measures()
    assert len(go(folder).measures()) == 24
    assert not list((folder / "data").glob("*/*-of-00002.parquet"))
    start(folder, TINY)
    assert len(go(folder).measures()) == 24
    assert not list((folder / "data").glob("*/*-of-00003.parquet"))
    start(folder, {**TINY, "shards": 2})
    go(folder)
    assert [file.name for file in (folder / "data").glob("*.parquet")] == ["students.parquet"]


def test_what_is_missing_or_half_written_is_told(tmp_path: Path) -> None:
    run = go(start(tmp_path / "run", {**TINY, "shards": 2}))
    [shard, _], [part, _] = run.files.shard_names, run.files.parts("traces")
    kept = part.read_bytes()
    part.write_bytes(kept[:-30])
    with pytest.raises(DataError, match="damaged or only half written"):
        run_step("measures", run.dir, Path(), shard=shard)
    part.unlink()
    with pytest.raises(DataError, match="no such file"):
        run_step("measures", run.dir, Path(), shard=shard)
    with pytest.raises(RunError, match=r"00000-of-00002\.parquet is not there"):
        run.traces()
    part.write_bytes(run.files.parts("traces")[1].read_bytes())
    with pytest.raises(DataError, match="a student of another shard"):
        run_step("measures", run.dir, Path(), shard=shard)
    part.write_bytes(kept)
    splits = run.files.part("splits", shard)
    pandas.read_parquet(splits)[1:].to_parquet(splits)
    with pytest.raises(DataError, match="other traces than were split"):
        run_step("measures", run.dir, Path(), shard=shard)
    measures = run.files.part("measures", shard)
    measures.write_bytes(b"PAR1")
    with pytest.raises(RunError, match="damaged or half written; delete it"):
        run.measures()
    for wrong in ("00000-of-00009", None):
        with pytest.raises(RunError, match="the profile has 00000-of-00002 to 00001-of-00002"):
            run_step("measures", run.dir, Path(), shard=wrong)


def test_an_interrupted_shard_runs_no_program_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = go(start(tmp_path / "run", {**TINY, "shards": 2}), "data")
    monkeypatch.setattr(measures_stage, "ROWS_IN_MEMORY", 4)
    real = Executor.run
    ran: list[list[str]] = []

    def run_some(executor: Executor, programs: list[str], **options: Any) -> Iterator[Result]:
        if len(ran) == most:
            raise KeyboardInterrupt
        ran.append(programs)
        return real(executor, programs, **options)

    monkeypatch.setattr(Executor, "run", run_some)
    shard, most = run.files.shard_names[0], 2
    with pytest.raises(KeyboardInterrupt):
        run_step("measures", run.dir, Path(), shard=shard)
    assert not run.files.part("measures", shard).exists()
    first = {text for texts in ran for text in texts}
    ran.clear()
    most = 1000
    run_step("measures", run.dir, Path(), shard=shard)
    again = [text for texts in ran for text in texts]
    assert again
    assert not first & set(again)


def hub_source(folder: Path) -> dict[str, Any]:
    for number, split in enumerate(["train", "validation", "unseen_student_seen_title"]):
        names = STUDENTS[:4] if number < 2 else STUDENTS[4:]
        titles = (TITLES, ["spiral"], TITLES)[number]
        rows = [
            {"username": name, "title": title, "programs": [f"fd+{number}|"], "timestamps": [None]}
            for name in names
            for title in titles
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(text + ("no JSON\n" if number == 0 else ""))
    return {"source": "hub", "path": str(folder)}


def logs_source(folder: Path) -> dict[str, Any]:
    (folder / "logs").mkdir()
    (folder / "secret.txt").write_text("made up for these tests only\n")
    day = "04/Feb/2022"
    lines = [
        f'{name} - [{day}:06:{minute:02}:00 +0000] "GET /log/{title}?run&code=fd+{minute}| HTTP/1.1" 200\n'
        for minute in range(3)
        for name in STUDENTS
        for title in TITLES
    ]
    (folder / "logs" / "access.log").write_text("".join([*lines, "no such line\n"]))
    return {"source": "logs", "path": str(folder / "logs"), "key": {"file": str(folder / "secret.txt")}}


def progsnap2_source(folder: Path) -> dict[str, Any]:
    pairs = [(name, title) for name in STUDENTS for title in TITLES]
    events = [
        event(number, number % 3, SubjectID=name, ProblemID=title)
        for number, (name, title) in enumerate(pairs)
    ]
    write_folder(folder / "set", [*events, event(90, 7)])
    return {"source": "progsnap2", "path": str(folder / "set")}


def rollouts_source(folder: Path) -> dict[str, Any]:
    (folder / "rollouts").mkdir()
    for title in TITLES:
        trace = Trace.from_states(["fd 1", f"fd 2 # {title}"], title=title)
        rows: list[Any] = [[format_trace(trace), name, title] for name in STUDENTS]
        (folder / "rollouts" / f"all_{title}.json").write_text(json.dumps([*rows, 7]))
    return {"source": "rollouts", "path": str(folder / "rollouts")}


COUNTED = {"logs": {"states": 54, "kept aside": 1}, "progsnap2": {"state": 18, "quarantined": 1}}


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize(
    ("make", "aside"), [(hub_source, 1), (logs_source, 1), (progsnap2_source, 1), (rollouts_source, 3)]
)
def test_every_source_goes_through_data_and_measures(
    tmp_path: Path, make: Any, aside: int, shards: int, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {**make(tmp_path), "shards": shards}
    run = go(start(tmp_path / "run", data))
    measures = run.measures()
    expected = 22 if data["source"] == "hub" else 18
    assert len(measures) == len(run.traces()) == expected
    assert set(measures["source"]) == {data["source"]}
    assert measures["final_runs"].all()
    assert len(run.students()) == len(set(measures["username"])) == 6
    quarantined = run.files.quarantine.read_text().splitlines()
    assert len(quarantined) == aside
    said = capsys.readouterr().err
    counts = COUNTED.get(data["source"], {})
    assert run.reading() == counts
    assert f"{aside} of {sum(counts.values()) or expected + aside} rows kept aside: " in said
    assert ("54 states, 1 kept aside" in said) == (data["source"] == "logs")
    assert set(run.splits()["split"]) <= set(SPLITS)
    if data["source"] == "logs":
        everything = b"".join(file.read_bytes() for file in run.dir.rglob("*") if file.is_file())
        assert b"made up for these tests only" not in everything
        assert not set(STUDENTS) & set(measures["username"])


def test_published_splits_are_used_as_they_are(tmp_path: Path) -> None:
    run = go(start(tmp_path / "run", {**hub_source(tmp_path), "shards": 2}), "data")
    splits = run.splits()
    assert splits["split"].value_counts().to_dict() == {
        "train": 12, "validation": 4, "unseen_student_seen_title": 6
    }  # fmt: skip
    unseen = splits[splits["split"] == "unseen_student_seen_title"]
    assert set(unseen["username"]) == set(STUDENTS[4:])


def test_a_second_trace_of_a_pair_is_kept_aside_or_not_as_the_profile_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    data = hub_source(folder)
    again = (folder / "train.jsonl").read_text().splitlines(keepends=True)[0]
    with (folder / "validation.jsonl").open("a") as file:
        file.write(again.replace("fd+0", "fd+9") + again)
    run = go(start(tmp_path / "aside", data), "data")
    assert len(run.traces()) == 22
    rows = [json.loads(line) for line in run.files.quarantine.read_text().splitlines()]
    assert [(row["file"], row["row"], row["field"]) for row in rows] == [
        ("train.jsonl", 12, "row"), ("validation.jsonl", 4, "title"), ("validation.jsonl", 5, "title")
    ]  # fmt: skip
    assert "2 with a second trace of this student and title (title)" in capsys.readouterr().err
    kept = go(start(tmp_path / "kept", {**data, "repeated_pairs": "keep"}), "data")
    assert len(kept.traces()) == 23
    assert "1 with the same trace again (row)" in capsys.readouterr().err
    with pytest.raises(ProfileError, match=r"data\.repeated_pairs: found 'no', expected: 'aside' or 'keep'"):
        go(start(tmp_path / "wrong", {**data, "repeated_pairs": "no"}), "data")


def test_lines_that_make_no_state_are_in_the_flow_of_rows(tmp_path: Path) -> None:
    data = logs_source(tmp_path)
    log = Path(data["path"]) / "access.log"
    first = log.read_text().splitlines(keepends=True)[0]
    again = first.replace("06:00:00", "06:00:30")
    other = first.replace("/log/star?run&code=fd+0|", "/load/star")
    log.write_text(log.read_text() + again + other)
    Path(data["path"], "rotated.log").write_text(first)
    run = go(start(tmp_path / "run", data), "data")
    found = flow(run.splits(), run.files.quarantine, run.reading(), source="logs")
    assert found.unit == "lines"
    assert dict(found.fates.values.tolist()) == {
        "made a state": 54,
        "the same program again, dropped": 1,
        "the same line in another file, dropped": 1,
        "no run of a program": 1,
        "kept aside": 1,
    }
    assert (found.read, found.kept, found.aside, found.aside_elsewhere) == (58, 18, 1, 0)


def test_too_many_rows_kept_aside_stop_the_run_and_leave_no_table(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    row = json.dumps({"username": "a", "title": "b", "programs": ["fd 1"], "timestamps": [None]})
    (tmp_path / "rows" / "train.jsonl").write_text(f"{row}\nno JSON\n")
    folder = start(tmp_path / "run", {"source": "hub", "path": str(tmp_path / "rows")})
    with pytest.raises(DataError, match=r"1 of 2 rows kept aside: 1 with text that is no JSON.*at most 0\.2"):
        go(folder, "data")
    assert not RunFiles(folder).traces.exists()


def test_a_large_shard_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data_stage, "MANY", 10)
    go(start(tmp_path / "run", TINY), "data")
    assert "A shard has 24 traces; data.shards=3 or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            {"variable": "PCUTILS_TEST_SECRET"},
            r"data.key.variable: \$PCUTILS_TEST_SECRET is empty or not set",
        ),
        ({"file": "/nowhere/secret"}, "data.key.file: /nowhere/secret cannot be read"),
        ({}, "data.key: .*one of `file` and `variable`"),
        ({"file": "a", "variable": "b"}, "one of `file` and `variable`"),
        ("a secret that somebody typed", "found the secret itself, expected where it is kept"),
    ],
)
def test_a_secret_that_is_not_where_it_should_be(tmp_path: Path, key: object, words: str) -> None:
    folder = start(tmp_path / "run", {**logs_source(tmp_path), "key": key})
    with pytest.raises(ProfileError, match=words) as caught:
        go(folder, "data")
    assert "somebody typed" not in str(caught.value)


def test_a_secret_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_file = go(start(tmp_path / "one", logs_source(tmp_path)), "data")
    monkeypatch.setenv("PCUTILS_TEST_SECRET", "made up for these tests only")
    data = {"source": "logs", "path": str(tmp_path / "logs"), "key": {"variable": "PCUTILS_TEST_SECRET"}}
    by_variable = go(start(tmp_path / "two", data), "data")
    assert by_variable.traces().to_list() == by_file.traces().to_list()


@pytest.mark.parametrize("shards", [0, -1, 501, "many", 2.5])
def test_a_number_of_shards_out_of_range(tmp_path: Path, shards: object) -> None:
    folder = start(tmp_path / "run", {**TINY, "shards": shards})
    with pytest.raises(PcutilsError, match=r"data\.shards: found .*, expected: "):
        go(folder, "data")
