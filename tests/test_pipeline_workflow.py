"""What runs again and what does not: the real Snakefile over steps that only write files."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fake_clone
import pytest

from pcutils.pipeline.files import CHAPTERS
from pcutils.pipeline.steps import step_names

pytestmark = [pytest.mark.xdist_group("workflow"), pytest.mark.timeout(300)]

FIRST, SECOND, LAST = CHAPTERS[0], CHAPTERS[1], CHAPTERS[-1]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> fake_clone.FakeClone:
    """A clone whose smoke run is complete."""
    clone = fake_clone.make(tmp_path_factory.mktemp("clone"), CHAPTERS)
    ran, done = clone.run()
    assert done.returncode == 0, done.stderr
    assert ran == set(step_names())
    return clone


@pytest.fixture(autouse=True)
def _up_to_date(clone: fake_clone.FakeClone) -> Iterator[None]:
    """Leave the next test a run that is complete under the profile as it is."""
    yield
    if clone.changed:
        done = clone.run()[1]
        assert done.returncode == 0, done.stderr


def test_second_call_says_that_nothing_is_to_do(clone: fake_clone.FakeClone) -> None:
    ran, done = clone.run()
    assert not ran
    assert done.stderr.count("Nothing to do") == 1
    assert "chapter 07_scorecard" in done.stderr, "the minutes of each step are told all the same"


def test_touched_files_change_nothing(clone: fake_clone.FakeClone) -> None:
    for file in clone.root.rglob("*"):
        if file.is_file() and ".snakemake" not in file.parts:
            os.utime(file)
    ran, done = clone.run()
    assert (ran, done.returncode) == (set(), 0)


def test_comments_and_docstrings_change_nothing(clone: fake_clone.FakeClone) -> None:
    clone.add("pcutils/metrics/behaviour.py", "\n# one more remark\n")
    clone.edit("pcutils/trace.py", '"""', '"""Really: ')
    ran, done = clone.run()
    assert (ran, done.returncode) == (set(), 0)


def test_a_syntax_error_is_told_with_its_place(clone: fake_clone.FakeClone) -> None:
    clone.add("pcutils/metrics/behaviour.py", "\ndef\n")
    ran, done = clone.run()
    assert (ran, done.returncode) == (set(), 1)
    assert "behaviour.py, line" in done.stderr
    clone.edit("pcutils/metrics/behaviour.py", "\ndef\n", "")


def test_changed_metrics_measure_again_and_train_nothing(clone: fake_clone.FakeClone) -> None:
    clone.add("pcutils/metrics/behaviour.py", "\nONE_MORE = 1\n")
    ran, _ = clone.run()
    assert {"measures", "sample_measures-trace", "sample_measures-last", *CHAPTERS} <= ran
    assert not [step for step in ran if step.startswith(("data", "tokenizer", "train", "sample-"))]


def test_changed_sampling_trains_nothing(clone: fake_clone.FakeClone) -> None:
    clone.add("pcutils/models/sampling.py", "\nONE_MORE = 1\n")
    ran, _ = clone.run("--only", FIRST)
    assert ran == set(), "the first chapter needs no samples"
    ran, _ = clone.run()
    assert {"sample-trace", "sample_measures-trace", SECOND, "03_behavioral_evaluation", LAST} <= ran
    assert not ran & {"data", "measures", "tokenizer", "train-trace", FIRST}


def test_a_value_reaches_the_steps_that_read_it(clone: fake_clone.FakeClone) -> None:
    assert clone.run("--set", "execution.workers=1")[0] == set(), "it changes the time, not the result"
    assert clone.run("--set", f"chapters.{SECOND}.bootstrap=20")[0] == {SECOND, LAST}
    ran, _ = clone.run("--set", "sampling.temperature=0.5", "--only", "03_behavioral_evaluation")
    assert "sample-trace" in ran
    assert not ran & {"data", "measures", "train-trace", FIRST}


def test_a_mistake_in_the_profile_stops_before_anything_runs(clone: fake_clone.FakeClone) -> None:
    clone.edit(f"notebooks/{FIRST}.ipynb", "print(1)", "print(2)")
    for setting, words in {
        f"chapters.{SECOND}.bootstrp=20": "did you mean 'bootstrap'?",
        f"chapters.{SECOND}.bootstrap=many": "found 'many', expected int",
        "models.layer=3": "did you mean 'layers'?",
        "chapters.08_more.bootstrap=2": "unknown chapter",
    }.items():
        ran, done = clone.run("--set", setting)
        assert (ran, done.returncode) == (set(), 1)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert clone.run()[0] == {FIRST, LAST}


def test_changed_data_is_noticed_by_its_content(clone: fake_clone.FakeClone) -> None:
    traces = clone.run_dir / "data" / "traces.parquet"
    before = traces.read_text()
    traces.write_text("other traces")
    ran, _ = clone.run("--only", FIRST)
    assert ran == {"measures", FIRST}
    traces.write_text(before)


def test_a_failed_chapter_is_kept_and_told_and_the_rest_goes_on(clone: fake_clone.FakeClone) -> None:
    path = f"notebooks/{SECOND}.ipynb"
    clone.edit(path, "print(1)", "raise ValueError")
    clone.add("pcutils/figures/theme.py", "\nONE_MORE = 1\n")
    ran, done = clone.run()
    assert done.returncode == 1
    assert ran == set(CHAPTERS) - {LAST}, "only the scorecard needs the chapter that failed"
    assert f"{SECOND} failed in cell cell-1 (In [7]): ValueError: no figure" in done.stderr
    kept = clone.run_dir / "logs" / f"{SECOND}.ipynb"
    assert f"The notebook with the traceback: {kept}" in done.stderr
    assert "raise ValueError" in kept.read_text()
    assert not (clone.run_dir / "notebooks" / f"{SECOND}.ipynb").exists()
    clone.edit(path, "raise ValueError", "print(2)")
    assert clone.run()[0] == {SECOND, LAST}


def test_a_failed_stage_stops_what_needs_it(clone: fake_clone.FakeClone) -> None:
    path = "pcutils/pipeline/stages/measures.py"
    clone.edit(path, "    for name in", '    raise RuntimeError("no turtle")\n    for name in')
    ran, done = clone.run("--only", FIRST)
    assert (ran, done.returncode) == ({"measures"}, 1)
    assert "RuntimeError: no turtle" in done.stderr
    assert "measuring the traces and running their programs failed" in done.stderr
    clone.edit(path, '    raise RuntimeError("no turtle")\n', "")


def test_an_interrupted_run_goes_on(clone: fake_clone.FakeClone) -> None:
    path = "pcutils/pipeline/stages/measures.py"
    clone.edit(path, "    for name in", "    import time; time.sleep(60)\n    for name in")
    calls = clone.run_dir / "calls.log"
    calls.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pcutils.cli", "run", "--profile", "smoke", "--only", FIRST]
    environment = {**os.environ, "PYTHONPATH": str(clone.root)}
    process = subprocess.Popen(
        command, cwd=clone.root, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    _wait_for(calls)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert "Error: stopped. `pcutils run --profile smoke` goes on from here." in said
    assert "Traceback" not in said
    clone.edit(path, "    import time; time.sleep(60)\n", "")
    ran, done = clone.run("--only", FIRST)
    assert done.returncode == 0, done.stderr
    assert ran == {"measures", FIRST}


def test_each_shard_is_a_job_of_its_own(clone: fake_clone.FakeClone) -> None:
    three = ("--set", "data.shards=3", "--only", "measures")
    shards = [f"measures-0000{number}-of-00003" for number in range(3)]
    ran, done = clone.run(*three)
    assert ran == {"data", *shards}
    assert done.stderr.count("shard 2 of 3: done in") == 1
    assert "shard 2 of 3: ..." not in done.stderr
    assert clone.run(*three)[0] == set()
    data = clone.run_dir / "data"
    (data / "measures" / "00001-of-00003.parquet").unlink()
    assert clone.run(*three)[0] == {shards[1]}, "the others are as they were"
    (data / "traces" / "00002-of-00003.parquet").write_text("other traces")
    assert clone.run(*three)[0] == {shards[2]}
    assert clone.run("--set", "data.shards=3", "--only", FIRST)[0] == {FIRST}
    ran, done = clone.run("--set", "data.shards=0", "--only", "data")
    assert (ran, done.returncode) == (set(), 1)
    assert "data.shards: found 0" in done.stderr


def test_a_failed_shard_leaves_the_others(clone: fake_clone.FakeClone) -> None:
    path = "pcutils/pipeline/stages/measures.py"
    broken = '    if shard == "00000-of-00002":\n        raise RuntimeError("no turtle")\n    for name in'
    clone.edit(path, "    for name in", broken)
    two = ("--set", "data.shards=2", "--only", "measures")
    done = clone.run(*two)[1]
    assert done.returncode == 1
    assert "shard 1 of 2: FAILED" in done.stderr
    assert "shard 2 of 2: done in" in done.stderr
    clone.edit(path, broken, "    for name in")
    assert "measures-00000-of-00002" in clone.run(*two)[0]


def test_one_call_a_run_at_a_time(clone: fake_clone.FakeClone) -> None:
    with (clone.run_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = clone.run()[1]
    assert done.returncode == 1
    assert "another call is working on" in done.stderr


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.is_file():
            return
        time.sleep(0.1)
    raise AssertionError(f"no {path} after 30 s")
