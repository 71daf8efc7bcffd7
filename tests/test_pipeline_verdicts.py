"""Programs are run once; measures hold the outcome of every state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

from pcutils.execution import ErrorPlace, Executor, Outcome, Result, program_hash
from pcutils.pipeline import open_run, verdicts
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.measuring import measure
from pcutils.pipeline.profiles import Execution
from pcutils.pipeline.verdicts import Verdicts, execution_key
from pcutils.trace import Trace

EXECUTION = Execution(workers=1, seconds=3.0)
TRACES = [
    Trace.from_states(["fd 1", "fd 1\nfdd 2", "fd ("], username="a", title="t"),
    Trace.from_states(["fd 1", "x = 5\nx 3", "fd 1\nfd 2"], username="b", title="t"),
]


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


def test_measures_hold_the_outcome_of_every_state(tmp_path: Path) -> None:
    measures, programs = measure(TRACES, Verdicts(RunFiles(tmp_path), EXECUTION, "measures"), "traces")
    assert measures["outcomes"].tolist() == [
        ["success", "name", "compile"],
        ["success", "type", "success"],
    ]
    assert measures["final_runs"].tolist() == [False, True]
    assert measures["failing_share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert measures["recovery_share"].tolist() == [0.0, 1.0]
    assert len(programs) == 5
    measures.to_parquet(tmp_path / "m.parquet")
    assert list(pandas.read_parquet(tmp_path / "m.parquet")["outcomes"][0])[:2] == ["success", "name"]


def test_more_data_runs_only_what_is_new(tmp_path: Path, ran: list[str]) -> None:
    files = RunFiles(tmp_path)
    first = Verdicts(files, EXECUTION, "measures").status(["fd 1", "oops()", "fd 1"])
    assert ran == ["fd 1", "oops()"]
    second = Verdicts(files, EXECUTION, "measures").status(["fd 2", "oops()", "fd 1"])
    assert ran == ["fd 1", "oops()", "fd 2"]
    assert second["program_hash"].tolist() == [program_hash(text) for text in ("fd 2", "oops()", "fd 1")]
    assert second["status"].tolist() == ["success", "error", "success"]
    again = second.set_index("program_hash").loc[first["program_hash"]].reset_index()
    pandas.testing.assert_frame_equal(again, first)
    # What was asked before, and not now, is not forgotten.
    Verdicts(files, EXECUTION, "measures").status(["fd 2"])
    Verdicts(files, EXECUTION, "measures").status(["fd 1"])
    assert len(ran) == 3


def test_samples_that_repeat_a_student_are_not_run(tmp_path: Path, ran: list[str]) -> None:
    files = RunFiles(tmp_path)
    Verdicts(files, EXECUTION, "measures").status(["fd 1"])
    Verdicts(files, EXECUTION, "samples-trace").status(["fd 1", "fd 3"])
    Verdicts(files, EXECUTION, "samples-last").status(["fd 3"])
    assert ran == ["fd 1", "fd 3"]


def test_a_chapter_asks_the_run(tmp_path: Path, ran: list[str]) -> None:
    (tmp_path / "profile.yaml").write_text("description: tiny\ndata: {source: simulated, students: 3}\n")
    run = open_run(tmp_path)
    Verdicts(run.files, run.profile.execution, "measures").status(["fd 1"])
    found = run.run_status(["fd 1", "oops()", "fd 1"], step="06_steering")
    assert found["status"].tolist() == ["success", "error"]
    assert list(run.run_status(["oops()"], step="06_steering")["status"]) == ["error"]
    assert ran == ["fd 1", "oops()"]


def test_what_is_run_for_a_model_is_kept(tmp_path: Path, ran: list[str]) -> None:
    files = RunFiles(tmp_path)
    Verdicts(files, EXECUTION, "measures").status(["fd 1"])
    asking = Verdicts(files, EXECUTION, "sampling-trace")
    outcomes = asking.outcomes()
    outcomes.learn(["fd 1", "fd 2"])
    assert outcomes("fd 3\noops()") == Outcome(False, ErrorPlace(1, 0, 4))
    assert ran == ["fd 1", "fd 2", "fd 3\noops()"]
    asking.keep()
    again = Verdicts(files, EXECUTION, "samples-trace")
    assert list(again.status(["fd 3\noops()", "fd 2"])["status"]) == ["error", "success"]
    assert again.outcomes()("fd 3\noops()") == Outcome(False, ErrorPlace(1, 0, 4))
    assert len(ran) == 3


def test_a_compiler_stops_at_a_place(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    for _ in range(2):  # run, then read again
        found = Verdicts(files, EXECUTION, "measures").status(["fd 1\nfd 2)", "fd 1"])
        assert found["line"].tolist() == [2, pandas.NA]
        assert found["column"].tolist() == [5, pandas.NA]


def test_what_a_chapters_model_asked_is_not_run_again(tmp_path: Path, ran: list[str]) -> None:
    (tmp_path / "profile.yaml").write_text("description: tiny\ndata: {source: simulated, students: 3}\n")
    run = open_run(tmp_path)
    run._asked_by_models.outcomes().learn(["fd 1", "fd 2"])
    run.run_status(["fd 2", "fd 3"], step="06_steering")
    open_run(tmp_path).run_status(["fd 1"], step="06_steering")
    assert ran == ["fd 1", "fd 2", "fd 3"]


def test_other_code_or_another_limit_asks_again(
    tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = RunFiles(tmp_path)
    Verdicts(files, EXECUTION, "measures").status(["fd 1"])
    Verdicts(files, Execution(workers=2, seconds=3.0), "measures").status(["fd 1"])
    assert ran == ["fd 1"], "the number of workers changes no verdict"
    Verdicts(files, Execution(workers=1, seconds=2.0), "measures").status(["fd 1"])
    assert ran == ["fd 1"] * 2
    monkeypatch.setattr(verdicts.CodeBase, "digest", lambda self, *modules: "other code")
    Verdicts(files, Execution(workers=1, seconds=2.0), "measures").status(["fd 1"])
    assert ran == ["fd 1"] * 3


def test_the_key_covers_python_commands_and_compiler() -> None:
    code = verdicts.CodeBase(verdicts._PACKAGE_PARENT)
    closure = code.closure(["pcutils.execution.status"])
    assert {"pcutils.execution.executor", "pcutils.execution.worker", "pcutils.execution.engine"} <= closure
    beside = {file.name for file in code._beside("pcutils.execution.status")}
    assert {"core.js", "nodes.js"} <= beside
    assert execution_key(3.0) != execution_key(2.0)


def test_no_program_is_no_error(tmp_path: Path) -> None:
    assert Verdicts(RunFiles(tmp_path), EXECUTION, "measures").status([]).empty
