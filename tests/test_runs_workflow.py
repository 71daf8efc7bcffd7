"""What runs again and what does not: the real Snakefile over steps that only write files."""

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fake_clone
import pytest
from fake_clone import FakeClone
from filelock import FileLock

from pcutils.data import VARIANTS
from pcutils.errors import RunError
from pcutils.runs import workflow
from pcutils.runs.files import RunFiles
from pcutils.runs.profiles import load_profile
from pcutils.runs.steps import STEPS

pytestmark = [pytest.mark.xdist_group("workflow"), pytest.mark.timeout(300)]

FIRST, SECOND, LAST = fake_clone.CHAPTERS
TRAINED = {f"train-{variant}" for variant in VARIANTS}
OF_MODELS = {"tokenizer", *TRAINED}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> FakeClone:
    """A clone whose smoke run is complete."""
    clone = fake_clone.make(tmp_path_factory.mktemp("clone"))
    ran, said = clone.run()
    assert ran == {"data", "measures", *OF_MODELS, *fake_clone.CHAPTERS}, said
    return clone


@pytest.fixture(autouse=True)
def _up_to_date(clone: FakeClone) -> Iterator[None]:
    """Leave the next test a run that is complete under the profile as it is."""
    yield
    if clone.changed:
        said = clone.run()[1]
        assert "Error" not in said, said


def test_what_is_up_to_date_stays_as_it_is(clone: FakeClone) -> None:
    for file in clone.root.rglob("*"):
        if file.is_file() and ".snakemake" not in file.parts:
            os.utime(file)
    ran, said = clone.run()
    assert not ran
    assert "nothing to do" in said
    assert f"chapter {LAST}" in said, "the minutes of each step are told all the same"


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("plots/theme.py", set(fake_clone.CHAPTERS)),
        ("execution/drawing/__init__.py", set(fake_clone.CHAPTERS)),
        ("metrics/registry.py", {"measures", *fake_clone.CHAPTERS}),
        ("models/training.py", {*OF_MODELS, *fake_clone.CHAPTERS}),
        ("runs/book.py", set()),
        ("cli.py", set()),
    ],
)
def test_an_edit_runs_again_what_uses_the_edited_part(clone: FakeClone, path: str, again: set[str]) -> None:
    clone.add(f"pcutils/{path}", "\n# one more remark\n")
    assert clone.run()[0] == again


def test_steps_depend_on_everything_that_they_import() -> None:
    """The parts of the package that a step's code imports are among those that the step is compared by."""
    package = fake_clone.ROOT / "pcutils"
    helpers = {"errors", "runs"}
    for name, step in STEPS.items():
        parts = {part.removesuffix(".py") for part in step.code if not part.startswith("runs/")}
        for part in parts:
            files = (
                [package / f"{part}.py"]
                if (package / f"{part}.py").is_file()
                else (package / part).rglob("*.py")
            )
            imported = {
                node.module.split(".")[1]
                for file in files
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pcutils.")
            }
            assert imported - helpers <= parts | ({"simulate"} if part == "data" else set()), (
                f"{name}: {part}"
            )


def test_a_value_reaches_the_steps_that_read_it(clone: FakeClone) -> None:
    assert clone.run("--set", "execution.workers=1")[0] == set(), "it changes the time, not the result"
    assert clone.run("--set", f"chapters.{SECOND}.resamples=20")[0] == {SECOND, LAST}


@pytest.mark.parametrize(
    "setting", ["data.seed=1", "models.layers=3", "sampling.temperature=0.5", "splits.seed=3"]
)
def test_two_settings_do_not_mix_in_one_run(clone: FakeClone, setting: str) -> None:
    key, _, value = setting.partition("=")
    before = (clone.run_dir / "profile.yaml").read_text()
    ran, said = clone.run("--set", setting, "--only", FIRST)
    assert not ran
    assert f"{clone.run_dir} was made with {key} = " in said
    assert f"(now {value})" in said
    assert "--name smoke-2" in said
    assert (clone.run_dir / "profile.yaml").read_text() == before


def test_a_run_that_has_no_data_yet_takes_other_settings(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text("description: d\ndata: {source: simulated}\n")
    files = RunFiles(tmp_path / "run")
    for setting in ("data.seed=1", "data.seed=2"):
        with workflow._prepared(files, load_profile(tmp_path / "small.yaml", [setting])):
            files.at("rejected").parent.mkdir(exist_ok=True)
    assert load_profile(files.at("profile")).data.seed == 2
    files.at("splits").write_text("")
    with (
        pytest.raises(RunError, match=r"data.seed = 2 \(now 0\)"),
        workflow._prepared(files, load_profile(tmp_path / "small.yaml")),
    ):
        pass


def test_an_edited_profile_counts_the_same_and_another_name_takes_it(clone: FakeClone) -> None:
    clone.edit("profiles/smoke.yaml", "source: simulated", "source: simulated, seed: 2")
    assert "data.seed = 0 (now 2)" in clone.run()[1]
    ran, _ = clone.run("--name", "other", "--only", FIRST)
    assert ran == {"data", "measures", FIRST}
    clone.edit("profiles/smoke.yaml", ", seed: 2", "")


def test_a_mistake_in_the_profile_stops_before_anything_runs(clone: FakeClone) -> None:
    for setting, words in {
        f"chapters.{SECOND}.resample=20": "did you mean 'resamples'?",
        f"chapters.{SECOND}.resamples=many": "found 'many', expected int",
        "models.layer=3": "did you mean 'layers'?",
        "chapters.02_secund.resamples=2": "did you mean '02_second'?",
    }.items():
        ran, said = clone.run("--set", setting)
        assert not ran
        assert words in said
        assert "Traceback" not in said


def test_a_failed_chapter_is_kept_and_told_and_the_rest_goes_on(clone: FakeClone) -> None:
    path = f"notebooks/{SECOND}.ipynb"
    clone.edit(path, "print(1)", "raise ValueError")
    clone.add("pcutils/plots/theme.py", "\nONE_MORE = 1\n")
    ran, said = clone.run()
    assert ran == {FIRST, SECOND}, "only the last chapter needs the one that failed"
    kept = clone.run_dir / "logs" / f"{SECOND}.ipynb"
    assert f"{SECOND} failed in cell cell-2 (In [7]): ValueError: no figure" in said
    assert f"The notebook with the traceback: {kept}" in said
    assert "raise ValueError" in kept.read_text()
    assert not (clone.run_dir / "notebooks" / f"{SECOND}.ipynb").exists()
    clone.edit(path, "raise ValueError", "print(2)")
    assert clone.run()[0] == {SECOND, LAST}


def test_an_interrupted_run_goes_on(clone: FakeClone) -> None:
    wait = "        import time; time.sleep(60)\n"
    clone.edit("pcutils/runs/stages.py", "        for file in", f"{wait}        for file in")
    calls = clone.run_dir / "calls.log"
    calls.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pcutils.cli", "run", "--profile", "smoke", "--only", FIRST]
    options = {"cwd": clone.root, "env": clone.environment(), "text": True, "start_new_session": True}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, **options)
    for _ in range(300):
        if calls.is_file():
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert "Error: stopped. The same command goes on from here." in said
    assert "Traceback" not in said.partition("stopped")[2]
    clone.edit("pcutils/runs/stages.py", wait, "")
    assert clone.run("--only", FIRST)[0] == {"data", "measures", FIRST}


def test_each_shard_is_a_job_of_its_own(clone: FakeClone) -> None:
    three = ("--name", "three", "--set", "data.shards=3", "--only", "measures")
    shards = [f"measures-0000{number}-of-00003" for number in range(3)]
    ran, said = clone.run(*three)
    assert ran == {"data", *shards}, said
    assert said.count("shard 2 of 3: done in") == 1
    assert "shard 2 of 3 ..." not in said
    assert clone.run(*three)[0] == set()
    data = clone.root / "runs" / "three" / "data"
    (data / "measures" / "00001-of-00003.parquet").unlink()
    assert clone.run(*three)[0] == {shards[1]}, "the others are as they were"
    (data / "traces" / "00002-of-00003.parquet").write_text("other traces")
    assert clone.run(*three)[0] == {shards[2]}


def test_one_call_a_run_at_a_time(clone: FakeClone) -> None:
    with FileLock(clone.run_dir / ".lock"):
        assert "another call is working on" in clone.run()[1]


def test_a_home_folder_that_cannot_be_written_is_not_needed(clone: FakeClone) -> None:
    ran, said = clone.run("--name", "homeless", "--only", FIRST, HOME="/proc/nonexistent", XDG_CACHE_HOME="")
    assert FIRST in ran, said


def test_a_clone_that_cannot_be_written_says_where_else_to_run(clone: FakeClone, tmp_path: Path) -> None:
    ran, said = clone.run("--runs", "/proc/nonexistent", "--only", FIRST)
    assert not ran
    assert "cannot be written" in said
    assert "--runs DIR puts runs elsewhere" in said
    assert "Traceback" not in said


def test_a_new_chapter_is_one_notebook(clone: FakeClone) -> None:
    """It is found, its parameters are checked, it runs, and the last chapter takes its results in."""
    path = fake_clone.write_notebook(clone.root / "notebooks" / "02b_more.ipynb", ["data"])
    ran, said = clone.run("--set", "chapters.02b_more.resamples=3")
    assert ran == {"02b_more", LAST}, said
    path.unlink()
