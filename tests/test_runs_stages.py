"""The steps that see every trace, for each source and for one or several shards; no program is run twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
import pytest
import yaml

from pcutils.data import SPLITS, load, shard_of
from pcutils.errors import DataError, RunError
from pcutils.execution import Executor, Outcome, Result
from pcutils.runs import open_run, stages
from pcutils.runs.files import RunFiles
from pcutils.runs.programs import RunPrograms
from pcutils.runs.run import Run
from pcutils.runs.workflow import run_step
from pcutils.trace import Trace

TINY = {"source": "simulated", "students": 8, "titles": 4, "assignments_per_student": 3}
SHARES = {"students": 0.2, "titles": 0.3, "pairs": 0.2, "validation": 0.2}
DAY = "04/Feb/2022"
STUDENTS, TITLES = [f"made-up-{number}" for number in range(6)], ["star", "house", "loop"]


def start(folder: Path, data: dict[str, Any]) -> Path:
    profile = {"description": "tiny", "data": data, "splits": SHARES, "execution": {"workers": 1}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile))
    return folder


def go(folder: Path, *steps: str) -> Run:
    """Run data and measures, all shards, as the workflow does."""
    for name in steps or ("data", "measures"):
        for shard in open_run(folder).files.shard_names if name == "measures" else [""]:
            run_step(name, folder, shard=shard or None)
    return open_run(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return go(start(tmp_path_factory.mktemp("whole"), TINY))


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return go(start(tmp_path_factory.mktemp("sharded"), {**TINY, "shards": 3}))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts that were really run."""
    texts: list[str] = []
    real = Executor.run

    def spy(executor: Executor, programs: list[str], **settings: Any) -> Iterator[Result]:
        texts.extend(programs)
        return real(executor, programs, **settings)

    monkeypatch.setattr(Executor, "run", spy)
    return texts


def test_one_shard_is_one_file_with_rows_in_the_order_of_the_source(whole: Run) -> None:
    options = {name: value for name, value in TINY.items() if name != "source"}
    assert whole.files.parts("traces") == [whole.dir / "data" / "traces.parquet"]
    assert whole.traces().to_list() == load("simulated", **options).to_list()
    assert len(whole.traces("train")) == (whole.splits()["split"] == "train").sum()
    with pytest.raises(RunError, match="unseen_student_unseen_title"):
        whole.traces("test")


def test_shards_hold_the_same_rows_and_measures_as_one_table(whole: Run, sharded: Run) -> None:
    assert len(sharded.files.parts("measures")) == 3

    def ordered(frame: pandas.DataFrame) -> pandas.DataFrame:
        return frame.drop(columns="row", errors="ignore").sort_values(
            ["username", "title"], ignore_index=True
        )

    pandas.testing.assert_frame_equal(ordered(sharded.measures()), ordered(whole.measures()))
    pandas.testing.assert_frame_equal(ordered(sharded.splits()), ordered(whole.splits()))
    one, other = (run.programs().sort_values("program_hash", ignore_index=True) for run in (sharded, whole))
    pandas.testing.assert_frame_equal(one, other)
    names = sharded.traces()["username"]
    assert list(sharded.measures()["username"]) == list(names)
    assert [shard_of(name, 3) for name in names] == sorted(shard_of(name, 3) for name in names)


def test_an_empty_shard_is_measured_too(tmp_path: Path, whole: Run) -> None:
    run = go(start(tmp_path / "run", {**TINY, "shards": 40}))
    assert min(pq.read_metadata(part).num_rows for part in run.files.parts("measures")) == 0
    assert len(run.measures()) == len(whole.measures())
    assert run.measures().dtypes.equals(whole.measures().dtypes)


def test_what_is_missing_or_half_written_is_told(tmp_path: Path) -> None:
    run = go(start(tmp_path / "run", {**TINY, "shards": 2}), "data")
    [shard, _], [part, other] = run.files.shard_names, run.files.parts("traces")
    kept = part.read_bytes()

    def fails_with(words: str) -> None:
        with pytest.raises(DataError, match=words):
            run_step("measures", run.dir, shard=shard)

    part.write_bytes(kept[:-30])
    fails_with("damaged, half written or no Parquet")
    part.unlink()
    fails_with("no such file")
    part.write_bytes(other.read_bytes())
    fails_with("other traces than were split")
    part.write_bytes(kept)
    splits = run.files.part("splits", shard)
    pandas.read_parquet(splits)[1:].to_parquet(splits)
    fails_with("other traces than were split")
    with pytest.raises(RunError, match="no shard '00000-of-00009'"):
        run_step("measures", run.dir, shard="00000-of-00009")


def test_an_interrupted_shard_runs_no_program_again(
    tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = go(start(tmp_path / "run", {**TINY, "shards": 2}), "data")
    monkeypatch.setattr(stages, "TRACES_IN_MEMORY", 4)
    shard, real = run.files.shard_names[0], stages.measure_trace
    measured: list[Trace] = []

    def stop_after_five(trace: Trace, outcomes: Any) -> Any:
        if len(measured) == 5:
            raise KeyboardInterrupt
        measured.append(trace)
        return real(trace, outcomes)

    monkeypatch.setattr(stages, "measure_trace", stop_after_five)
    with pytest.raises(KeyboardInterrupt):
        run_step("measures", run.dir, shard=shard)
    assert not run.files.part("measures", shard).exists()
    first = set(ran)
    ran.clear()
    monkeypatch.setattr(stages, "measure_trace", real)
    run_step("measures", run.dir, shard=shard)
    assert ran
    assert not first & set(ran)


def test_steps_share_what_programs_did_and_another_time_limit_does_not(
    tmp_path: Path, ran: list[str], whole: Run
) -> None:
    execution, files = whole.profile.execution, RunFiles(tmp_path)
    status = RunPrograms(files, execution, "one").status(["fd 1", "fdd 1", "fd 1"])
    assert status["status"].tolist() == ["success", "error"]
    assert ran == ["fd 1", "fdd 1"]
    outcomes = RunPrograms(files, execution, "two").outcomes()
    assert outcomes("fd 1") == Outcome(True)
    assert not outcomes("fdd 1").runs
    assert ran == ["fd 1", "fdd 1"]
    again = RunPrograms(files, execution, "two").status(["fdd 1"])
    assert again.iloc[0].to_dict() == status.iloc[1].to_dict()
    RunPrograms(files, execution.model_copy(update={"seconds": 2.0}), "one").status(["fd 1"])
    assert ran == ["fd 1", "fdd 1", "fd 1"]


def test_measures_hold_the_outcome_of_every_state(whole: Run, tmp_path: Path) -> None:
    traces = [
        Trace.from_states(["fd 1", "fd 1\nfdd 2", "fd ("], username="a", title="t"),
        Trace.from_states(["fd 1", "x = 5\nx 3", "fd 1\nfd 2"], username="b", title="t"),
    ]
    measures, programs = stages.measure(traces, RunPrograms(RunFiles(tmp_path), whole.profile.execution, "x"))
    assert measures["outcomes"].tolist() == [["success", "name", "compile"], ["success", "type", "success"]]
    assert measures["final_runs"].tolist() == [False, True]
    assert len(programs) == 5


def logs_source(folder: Path) -> dict[str, Any]:
    (folder / "logs").mkdir()
    (folder / "secret.txt").write_text("made up for these tests only\n")
    lines = [
        f'{name} - [{DAY}:06:{minute:02}:00 +0000] "GET /log/{title}?run&code=fd+{minute}| HTTP/1.1" 200\n'
        for minute in range(3)
        for name in STUDENTS
        for title in TITLES
    ]
    (folder / "logs" / "access.log").write_text("".join([*lines, "no such line\n"]))
    return {"source": "logs", "path": str(folder / "logs"), "key": {"file": str(folder / "secret.txt")}}


@pytest.mark.parametrize("shards", [1, 2])
def test_a_source_of_students_goes_through_data_and_measures(
    tmp_path: Path, shards: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run = go(start(tmp_path / "run", {**logs_source(tmp_path), "shards": shards}))
    measures = run.measures()
    assert len(measures) == len(run.traces()) == run.reading()["traces"] == 18
    assert set(measures["source"]) == {"logs"}
    assert measures["final_runs"].all()
    assert len(run.students()) == len(set(measures["username"])) == 6
    assert (
        len(run.files.at("rejected").read_text().splitlines()) == sum(run.reading()["rejected"].values()) == 1
    )
    assert "1 of " in capsys.readouterr().err
    assert set(run.splits()["split"]) <= set(SPLITS)
    everything = b"".join(file.read_bytes() for file in run.dir.rglob("*") if file.is_file())
    assert b"made up for these tests only" not in everything
    assert not set(STUDENTS) & set(measures["username"])
