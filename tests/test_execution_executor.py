"""Limits, order, determinism, the cache, and workers that die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pcutils.errors import ExecutionError
from pcutils.execution import ErrorPlace, Executor, Outcome, Outcomes, program_hash, run_status
from pcutils.execution.executor import Runner
from pcutils.execution.process import WorkerProcess
from pcutils.execution.translation import Translation

LIMITED = {
    "fd 1 while true": "timeout",
    "/(a+)+$/.test Array(50).join('a') + 'b'": "timeout",
    "s = 'x'.repeat 1e6\nx = (s + i for i in [1..1e6])": "limit",
    "try\n  write 'flood' while true\ncatch e\n  fd 1": "limit",
    "p = -> Promise.resolve().then p\np()": "limit",
}
AFTER = "write 'still here'"


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    # Counted walls stand close and time is ample, so that a busy machine changes no verdict.
    with Executor(workers=2, seconds=3.0, memory_mb=64, commands=30_000, output_characters=5_000) as running:
        yield running


def test_limits_end_a_program_and_not_the_next_one(executor: Executor) -> None:
    programs = [text for program in LIMITED for text in (program, AFTER)]
    results = list(executor.run(programs))
    found = {program: result.status for program, result in zip(programs, results, strict=True)}
    assert found == {**LIMITED, AFTER: "success"}


def test_recursion_goes_as_deep_as_in_a_browser(executor: Executor) -> None:
    count = "depth = (n) -> if n > 0 then 1 + depth(n - 1) else 0\nwrite depth "
    results = list(executor.run([count + "8000", count + "1e6"]))
    assert [result.output for result in results] == ["8000", ""]
    assert results[1].message == "RangeError: Maximum call stack size exceeded"


def test_programs_do_not_see_each_other(executor: Executor) -> None:
    programs = ["fd = null\nMath.abs = null\nwindow.leak = 3", "fd 3\nwrite abs(-3) + typeof leak"]
    assert [result.status for result in executor.run(programs)] == ["success", "success"]
    assert list(executor.run(programs))[1].output == "3undefined"


MIXED = [
    "fd 100",
    "speed Infinity\npen random(color)\nfor [1..9]\n  fd random 50\n  rt random 90\ndot random(color), 20",
    "oops()",
    "var x = random(100); write(x);",
    "write Math.random(), Date.now(), new Date",
    "tick 20, -> moveto random(position)",
] * 3


def test_results_do_not_depend_on_workers_or_order() -> None:
    with Executor(workers=1) as one:
        alone = list(one.run(MIXED, seed=3))
    with Executor(workers=3) as three:
        turned = list(three.run(MIXED[::-1], seed=3))[::-1]
    assert [program_hash(program) for program in MIXED] == [result.program_hash for result in alone]
    assert alone == turned


def test_another_seed_gives_other_chance() -> None:
    with Executor(workers=1) as executor:
        first, again, other = (next(executor.run([MIXED[3]], seed=seed)).output for seed in (1, 1, 2))
    assert first == again != other


def test_identical_programs_run_once(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "write 'run me once'"
    (first,) = executor.run([program])

    def refuse(self: Runner, translation: Translation, seed: int) -> dict[str, Any]:
        raise AssertionError("a known program was run again")

    monkeypatch.setattr(Runner, "run", refuse)
    assert list(executor.run([program, program])) == [first, first]
    with pytest.raises(AssertionError, match="run again"):
        list(executor.run([program], seed=1))


def test_a_killed_worker_is_replaced_and_its_program_run_again() -> None:
    with Executor(workers=1) as executor:
        list(executor.run(["fd 1"]))
        (killed,) = executor.pids["workers"]
        os.killpg(killed, signal.SIGKILL)
        results = list(executor.run(["write 'alive'", "fd 2"]))
        assert [result.output for result in results] == ["alive", ""]
        assert executor.pids["workers"] != [killed]


def test_a_program_that_kills_every_worker_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = WorkerProcess.ask

    def die(self: WorkerProcess, job: dict[str, Any], seconds: float, **limit: float) -> dict[str, Any]:
        if "deadly" in job.get("code", ""):
            self.kill()
        return ask(self, job, seconds, **limit)

    monkeypatch.setattr(WorkerProcess, "ask", die)
    with Executor(workers=1) as executor:
        deadly, after = executor.run(["deadly", "fd 3"])
    assert (deadly.status, after.status) == ("limit", "success")
    assert "died" in str(deadly.message)


def test_an_executor_ends_its_workers(executor: Executor) -> None:
    with Executor(workers=2) as short:
        list(short.run(MIXED))
        pids = [pid for kind in short.pids.values() for pid in kind]
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_it_can_be_left_in_the_middle_and_used_again() -> None:
    executor = Executor(workers=2)
    with executor:
        assert next(executor.run([f"fd {n}" for n in range(200)])).status == "success"
    assert [result.status for result in executor.run(["fd 1000"])] == ["success"]
    executor.close()


SCRIPT = """
import signal, sys, time
from pcutils.execution import Executor
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start without it
assert "pandas" not in sys.modules
with Executor(workers=2) as executor:
    results = executor.run(["fd 1"] + [f"x = {n}\\nx++ while true" for n in range(50)])
    next(results)
    print(*executor.pids["workers"], *executor.pids["compilers"], flush=True)
    list(results)
"""


def test_an_interrupt_leaves_no_process_behind(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    caller = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert caller.stdout is not None
    pids = [int(pid) for pid in caller.stdout.readline().split()]
    caller.send_signal(signal.SIGINT)
    assert caller.wait(timeout=60) != 0
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_odd_texts_are_programs_too(executor: Executor) -> None:
    programs = ["\ud800", "x = '\ud83d'", "fd 1\x00", "write '\u2028\U0001f422'", "# " + "x" * 200_000]
    results = list(executor.run(programs))
    assert [result.status for result in results] == ["error", "success", "error", "success", "success"]
    assert results[3].output.strip() == "\U0001f422"


def test_settings_that_cannot_work_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExecutionError, match="at least 1"):
        Executor(workers=0)
    monkeypatch.setattr("pcutils.execution.process._START", "raise SystemExit('no interpreter here')")
    with pytest.raises(ExecutionError, match="no interpreter here"), Executor(workers=1):
        pass


def test_run_status_has_one_row_a_distinct_program() -> None:
    frame = run_status(["fd 1", "oops()", "fd 1", "fd (", "var x = 1;"], workers=1)
    texts = ["program_hash", "status", "error_kind", "message", "language"]
    assert list(frame.columns) == [*texts, "line", "column"]
    assert list(frame["program_hash"]) == [program_hash(p) for p in ("fd 1", "oops()", "fd (", "var x = 1;")]
    known = frame[["status", "error_kind", "language", "line", "column"]].astype(object)
    assert known.where(known.notna(), None).to_numpy().tolist() == [
        ["success", None, "coffee", None, None],
        ["error", "name", "coffee", None, None],
        ["error", "compile", "coffee", 2, 5],
        ["success", None, "js", None, None],
    ]


def test_a_program_is_known_by_its_text() -> None:
    assert program_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert program_hash("\ud800") != program_hash("\ud801")


def test_each_program_is_run_once() -> None:
    asked: list[str] = []

    def run(programs: list[str]) -> list[SimpleNamespace]:
        asked.extend(programs)
        return [SimpleNamespace(status="success", message=None, line=None, column=None) for _ in programs]

    outcomes = Outcomes(run)
    outcomes.learn(["fd 1", "fd 2", "fd 1"])
    assert outcomes("fd 2").runs
    assert outcomes("fd 3").runs
    assert asked == ["fd 1", "fd 2", "fd 3"]


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("fd 5", Outcome(True)),
        ("fd 5\nfdd 5", Outcome(False, ErrorPlace(1, 0, 3))),
        ("afd = 5\nfd afd + fda", Outcome(False, ErrorPlace(1, 9, 12))),
        ("fd 5\nfor i in [1..3\n  rt 9", Outcome(False, ErrorPlace(2, 6, 7))),
        ("fd 5\nx = [1", Outcome(False, ErrorPlace(1, 6, 7))),  # the bracket is missed behind the last line
        ("fd 5)\nrt 9", Outcome(False, ErrorPlace(0, 4, 5))),
        ("write '\N{TURTLE}')\nrt 9", Outcome(False, ErrorPlace(0, 9, 10))),
        ("throw 'no'", Outcome(False)),
    ],
)
def test_a_run_shows_what_fails(program: str, outcome: Outcome) -> None:
    assert Outcomes()(program) == outcome
